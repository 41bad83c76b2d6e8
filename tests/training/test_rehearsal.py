"""The rehearsal of a training: what it measures, and that it changes nothing."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from pastiche.errors import PasticheError, TrainingError
from pastiche.training import rehearsal
from pastiche.training.rehearsal import Estimate, rehearse


def test_a_rehearsal_changes_nothing(tmp_path, line_task, schedule, weights):
    task, fresh = line_task(), line_task()
    task.networks["line"].register_buffer("count", torch.zeros(()))
    losses = task.line_losses

    def counting(draw, moment):
        task.line.count += 1
        return losses(draw, moment)

    task.line_losses = counting
    estimate = rehearse(task, schedule(), device="cpu")
    assert weights(task).equal(weights(fresh))
    assert task.stream.state_dict()["position"] == 0
    assert task.line.count == 0
    assert estimate.seconds > 0


def test_memory_is_counted_without_a_gpu(schedule, line_task):
    task = line_task()
    task.line = task.networks["line"] = nn.Linear(1, 1)
    wide = nn.Sequential(nn.Linear(1, 100_000), nn.ReLU(), nn.Linear(100_000, 1))
    task.networks["line"] = task.line = wide
    task.averages = {}
    task.optimizers = {**task.optimizers, "line": torch.optim.Adam(wide.parameters())}
    task.penalty = lambda draw, moment: {"weight": wide[0].weight.square().sum()}
    task.phases = task.phases[:1]
    estimate = rehearse(task, schedule(batch=16), device="cpu")
    weights, activations = 4 * 300_000 * 4, 16 * 100_000 * 4  # with gradient and Adam; for the gradient of the second layer
    assert weights + activations <= estimate.memory < 2 * (weights + activations)
    assert not estimate.measured


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 s"), (80, "80 s"), (600, "10 min"), (7200, "2.0 h"), (300_000, "3.5 days")]
)
def test_durations_are_readable(seconds, text):
    assert str(Estimate(seconds=seconds, memory=3 * 2**30, measured=True)) == f"about {text}, 3.0 GB of memory"
    assert Estimate(seconds=8.0, memory=1, measured=True).of(0.25).seconds == 2.0


def test_a_rehearsal_finds_what_would_fail(schedule, line_task):
    with pytest.raises(PasticheError, match="float16"):
        rehearse(line_task(), schedule(precision="float16"), device="cpu")


def test_a_rehearsal_that_exhausts_memory_says_what_to_lower(schedule, line_task):
    def losses(_draw, _moment):
        raise torch.OutOfMemoryError("CUDA out of memory")

    task = line_task()
    task.phases[0] = replace(task.phases[0], losses=losses)
    with pytest.raises(TrainingError, match="cpu ran out of memory at a batch of 8 images in 1 parts"):
        rehearse(task, schedule(), device="cpu")


def test_time_grows_with_the_images_and_not_with_what_a_pass_costs_anyway(schedule, line_task, monkeypatch):
    monkeypatch.setattr(rehearsal, "_pass", lambda _task, _schedule, count, _device: (10.0 + 0.5 * count, 100 * count))
    estimate = rehearse(line_task(), schedule(images=320, batch=32), device="cpu")
    assert estimate.seconds == pytest.approx((10 + 0.5 * 32) * 10)
    estimate = rehearse(line_task(), schedule(images=320, batch=32, accumulate=16), device="cpu")
    assert estimate.seconds == pytest.approx((10 + 0.5 * 2) * 160)
