"""FFHQ's alignment as the published scripts compute it."""

import numpy as np
import pytest
import torch
from loading import module_at
from safetensors.torch import load_file

from pastiche import images
from pastiche.faces import ffhq

ENLARGED = {"inside": 2, "edge": 1, "large": 8}
VARIANTS = {"psp": (256, 1), "ffhq": (1024, 4)}  # size, supersample


@pytest.fixture(scope="module")
def expected(golden_file):
    return load_file(golden_file("face_align.safetensors", "face_align"))


@pytest.fixture(scope="module")
def summary(golden_file):
    """golden.py's: what a case keeps of a large image."""
    return module_at(golden_file("golden.py", "face_align")).summary


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("situation", ENLARGED)
def test_crop(expected, summary, situation, variant):
    times, (size, supersample) = ENLARGED[situation], VARIANTS[variant]
    array = expected["image"].numpy().astype(np.uint8).repeat(times, axis=0).repeat(times, axis=1)
    landmarks = expected[f"landmarks_{situation}"].double().numpy()
    crop = ffhq.cut(images.from_uint8(array), ffhq.quad(landmarks), size, supersample=supersample)

    quad = expected[f"{variant}_{situation}_quad"].numpy()
    assert np.abs(crop.quad - quad).max() < 1e-3
    found = torch.from_numpy(images.to_uint8(crop.image)).permute(0, 3, 1, 2).float()
    for part, suffix in zip(summary(found), ("small", "crop"), strict=True):
        error = (part - expected[f"{variant}_{situation}_{suffix}"]).abs().max()
        assert error <= 1, f"{suffix} differs by {error} of 255"
