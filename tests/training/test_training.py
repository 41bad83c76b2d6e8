"""Moving averages, logs, and pictures made to look like photographs."""

import sys

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from pastiche.errors import TrainingError
from pastiche.progress import Step
from pastiche.training.board import Board
from pastiche.training.degradation import DEGRADATIONS, clutter, degrade, jitter_geometry
from pastiche.training.ema import update_average


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_average_moves_by_its_decay():
    average, model = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    with torch.no_grad():
        model.weight.fill_(5.0)
        model.running_mean.fill_(7.0)
    update_average(average, model, 0.75)
    assert average.weight.tolist() == [2.0] * 3  # 0.75 * 1 + 0.25 * 5
    assert average.running_mean.tolist() == [7.0] * 3


def test_the_average_follows_its_formula_for_a_long_time():
    """In every parameter, whatever its shape; torch's own averaging must not lose what little each step adds."""
    model, average = nn.Sequential(nn.Linear(4, 3), nn.Conv2d(2, 2, 3)), nn.Sequential(nn.Linear(4, 3), nn.Conv2d(2, 2, 3))
    average.load_state_dict(model.state_dict())
    wanted = [value.detach().double() for value in model.parameters()]
    source = rng()
    for _ in range(200):
        with torch.no_grad():
            for value in model.parameters():
                value.add_(torch.randn(value.shape, generator=source), alpha=0.1)
        wanted = [0.99 * mean + 0.01 * value.detach().double() for mean, value in zip(wanted, model.parameters(), strict=True)]
        update_average(average, model, 0.99)
    for found, mean in zip(average.parameters(), wanted, strict=True):
        assert torch.allclose(found.double(), mean, atol=1e-6)


@pytest.mark.parametrize("change", [change for _, change in DEGRADATIONS], ids=lambda change: change.__name__)
def test_every_degradation_changes_a_picture_and_repeats_by_seed(change):
    picture = torch.linspace(-0.8, 0.8, 64).expand(2, 3, 64, 64) * torch.tensor([1.0, 0.5, -0.7])[:, None, None]
    found = [change(picture, rng(seed)) for seed in range(4)]
    assert all(x.shape == picture.shape and x.isfinite().all() for x in found)
    assert max(float((x - picture).abs().mean()) for x in found) > 1e-3
    assert found[3].equal(change(picture, rng(3)))


def test_degradation_keeps_the_range():
    assert degrade(torch.randn(4, 3, 64, 64, generator=rng()), rng()).abs().max() <= 1


def test_clutter_changes_only_what_is_outside():
    picture, outside = torch.zeros(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)
    outside[..., :16] = 1
    found = clutter(picture, outside, rng())
    assert found[..., 16:].equal(picture[..., 16:])
    assert (found[..., :16] != 0).float().mean() > 0.9


def test_jitter_says_where_it_moved_a_picture():
    x = torch.linspace(-1, 1, 64).expand(3, 1, 64, 64)
    found, theta = jitter_geometry(x, rng())
    middle = found[:, 0, 31:33, 31:33].mean(dim=(1, 2))  # the picture's value is its x
    assert torch.allclose(middle, theta[:, 0, 2], atol=0.02)


def test_a_board_holds_every_loss_and_the_previews(tmp_path):
    passed = []
    with Board(tmp_path) as board:
        record = board.wrap("training both", passed.append)
        for index in (8, 16):
            record(Step(index=index, total=16, losses={"pixels": 1 / index}, preview=lambda: torch.full((2, 3, 8, 8), 3.0)))
    assert [step.index for step in passed] == [8, 16]
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("training-both/pixels")] == [(8, 0.125), (16, 0.0625)]
    assert [event.step for event in events.Images("training-both")] == [8]  # the next one a minute later


def test_a_board_names_what_is_missing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(TrainingError, match="can't be written"):
        Board(tmp_path / "file" / "log")
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match=r"pastiche\[training\]"):
        Board(tmp_path)
