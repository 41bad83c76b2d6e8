"""The losses of BlendGAN's training against what the published implementations, or their definitions, give."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pastiche.blendgan.encoder import gram
from pastiche.blendgan.training.contrastive import nt_xent


@pytest.fixture(scope="module")
def wanted(device):
    return {name: tensor.to(device) for name, tensor in load_file(Path(__file__).parent / "losses.safetensors").items()}


@pytest.mark.parametrize(("place", "temperature"), [(0, 0.1), (1, 0.5), (2, 1.0)])
def test_nt_xent(wanted, place, temperature, close):
    first, second = wanted["projections"].chunk(2)
    close(nt_xent(first, second, temperature), wanted["nt_xent"][place])


def test_gram_matrices(wanted, close):
    close(gram(wanted["gram_features"]), wanted["gram"].flatten(1))


@pytest.fixture
def close():
    return lambda found, number: torch.testing.assert_close(found.float(), number.float(), rtol=1e-5, atol=1e-6)
