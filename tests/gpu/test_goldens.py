"""What TF32 costs. `tests/golden` compares everything else with the published numbers, on a GPU too."""

from pathlib import Path

import pytest
import torch
from loading import module_at

from pastiche import checkpoints
from pastiche.latents import Latent
from pastiche.numerics import tensor_float32

pytestmark = pytest.mark.gpu
HERE = Path(__file__).resolve().parents[1] / "golden"


golden = module_at(HERE / "golden.py")


@torch.no_grad()
def test_what_tf32_costs(cuda, tmp_path):
    """It was 4e-3 where it was emulated. bfloat16 lets what stays in float32 use it."""
    torch.save(golden.checkpoint("stylegan2_small_64", HERE), tmp_path / "case.pt")
    checkpoint, expected = checkpoints.load(tmp_path / "case.pt", device=cuda), golden.expected("stylegan2_small_64", HERE)
    with tensor_float32(allowed=True):
        found = checkpoint.generator(Latent(expected["wplus"], "w+")).cpu()
    assert golden.relative_error(found, expected["wplus_image"]) < 2e-2
