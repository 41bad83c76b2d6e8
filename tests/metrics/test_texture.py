"""Texture on pictures whose texture is known."""

import pytest
import torch
import torch.nn.functional as F

from pastiche.metrics import grain_correlation, texture_energy, texture_ratio


def noise(count=1, side=256, seed=0):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 0.2


def strokes(length=9, side=256):
    """Noise drawn out along the rows."""
    kernel = torch.full((3, 1, 1, length), 1 / length)
    return F.conv2d(noise(side=side), kernel, padding=(0, length // 2), groups=3)


def test_a_flat_picture_has_none():
    flat = torch.full((2, 3, 64, 64), 0.3)
    assert texture_energy(flat).max() < 1e-10
    assert grain_correlation(torch.zeros(1, 3, 64, 64)) == 0


def test_a_slope_has_next_to_none():
    slope = torch.linspace(-1, 1, 256).expand(1, 3, 256, 256)
    assert texture_energy(slope) < 1e-3 * texture_energy(noise())


def test_twice_the_contrast_is_four_times_the_energy():
    picture = noise()
    assert texture_ratio(2 * picture, picture).item() == pytest.approx(4, rel=1e-4)
    assert texture_ratio(noise(3), picture).shape == (3,)
    assert texture_ratio(noise(3), picture) == pytest.approx(torch.ones(3), abs=0.05)


def test_grain_is_told_from_strokes():
    grain, drawn = grain_correlation(noise()).item(), grain_correlation(strokes()).item()
    assert -0.1 < grain < 0.0
    assert drawn > 0.2
    checks = torch.ones(256, 256)
    checks[0::4] = checks[1::4] = -1  # turns over every two rows
    assert grain_correlation((checks * checks.T).expand(1, 3, 256, 256)) < -0.9


def test_texture_does_not_depend_on_the_size_of_the_picture():
    small = F.interpolate(noise(side=32), size=(128, 128), mode="bicubic")
    large = F.interpolate(noise(side=32), size=(512, 512), mode="bicubic")
    assert texture_energy(large).item() == pytest.approx(texture_energy(small).item(), rel=0.1)
