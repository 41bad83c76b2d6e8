"""How rows scale, the recipes, and the closed forms of what is left of the losses."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from pastiche.dualstylegan.training.config import PRESETS, STYLES, Adversary, DualRecipe, structure_rows_of
from pastiche.dualstylegan.training.destylize import row_spread
from pastiche.dualstylegan.training.draws import draw_cuts, mixed
from pastiche.dualstylegan.training.target import weight_norms
from pastiche.errors import TrainingError
from pastiche.inversion.noise import noise_penalty, normalize_noise
from pastiche.inversion.schedule import learning_rate


@pytest.fixture(scope="module")
def golden():
    return load_file(Path(__file__).parents[2] / "golden" / "losses.safetensors")


@pytest.mark.parametrize(("rows", "structure"), [(18, 7), (14, 7), (10, 7), (8, 7), (6, 5), (4, 3)])
def test_structure_rows(rows, structure):
    assert structure_rows_of(rows) == structure


def test_the_papers_numbers():
    paper = PRESETS["paper"]
    assert (paper.destylizing.reading_steps, PRESETS["fast"].destylizing.reading_steps) == (0, 40)
    assert paper.structure.iterations == (300, 300, 3000)
    assert (paper.with_style("anime").transfer.keep_every, PRESETS["fast"].transfer.keep_every) == (100, 0)
    assert (paper.structure.adversarial, paper.structure.perceptual) == (0.1, 0.5)
    caricature = paper.with_style("caricature").transfer
    found = caricature.iterations, caricature.contextual, caricature.matching, caricature.identity, caricature.regularization
    assert found == (1000, 0.25, 0.25, 4, 0.005)
    assert paper.with_style("anime").refining.lr_structure == 0.0005
    assert paper.with_style("comic").refining.steps == 0
    assert paper.with_style("few").transfer.mirror
    assert 0.5 ** (1 / Adversary().average) == pytest.approx(0.5 ** (32 / 10000))
    for name in STYLES:
        assert isinstance(paper.with_style(name), DualRecipe)
    with pytest.raises(TrainingError, match="no weights for the style 'gouache'"):
        paper.with_style("gouache")


def test_weight_norms(golden):
    norm = weight_norms(nn.Parameter(golden[f"l2_{name}"]) for name in "abc")
    assert [norm.item(), 0.015 * norm.item()] == pytest.approx(golden["l2_reg"].tolist(), rel=1e-5)


def test_a_norm_of_zero_has_no_gradient():
    weight = nn.Parameter(torch.zeros(3))
    weight_norms([weight]).backward()
    assert weight.grad.tolist() == [0, 0, 0]


def test_spread_and_noise_of_destylization(golden):
    noise = [golden["noise_8"], golden["noise_16"]]
    found = row_spread(golden["destylize_latent"]), noise_penalty(noise)
    assert [float(value) for value in found] == pytest.approx(golden["destylize"].tolist(), rel=1e-5)
    assert [float(noise_penalty([one])) for one in noise] == pytest.approx(golden["noise_regularize_each"].tolist(), rel=1e-5)
    both = torch.cat([golden["noise_8"], golden["noise_8_normalized"]])
    each = [noise_penalty([both[[image]]]).item() for image in range(2)]
    assert noise_penalty([both]).item() == pytest.approx(sum(each), rel=1e-6)
    normalize_noise([both])
    assert torch.allclose(both[:1], golden["noise_8_normalized"], atol=1e-5)


def test_learning_rate_of_destylization(golden):
    assert [learning_rate(step, 300, 0.1) for step in range(300)] == pytest.approx(golden["lr_300"].tolist(), abs=1e-7)


def test_style_mixing():
    first, second = torch.ones(3, 2), torch.zeros(3, 2)
    assert mixed(first, second, torch.tensor([1, 4, 6]), 6).sum(dim=(1, 2)).tolist() == [2, 8, 12]
    assert mixed(first, second, 5, 6)[0, :, 0].tolist() == [1, 1, 1, 1, 1, 0]
    cuts = draw_cuts(torch.Generator().manual_seed(0), 2000, 6, 0.9)
    assert set(cuts.tolist()) == {1, 2, 3, 4, 5, 6}
    assert (cuts == 6).float().mean().item() == pytest.approx(0.1, abs=0.03)
