"""MS-SSIM against closed forms, and against kornia's windows."""

import pytest
import torch
import torch.nn.functional as F

from pastiche.errors import ImageError
from pastiche.metrics import ms_ssim

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
C1, C2 = 0.01**2, 0.03**2


def pictures(count=2, side=176, seed=0):
    rough = torch.rand(count, 3, side // 8, side // 8, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(rough, size=(side, side), mode="bilinear") * 1.6 - 0.8


def written_out(images, targets):
    """Wang et al. 2003, equation 7, with kornia's Gaussian windows and only where they lie inside the image."""
    from kornia.filters import get_gaussian_kernel2d

    window = get_gaussian_kernel2d((11, 11), (1.5, 1.5), dtype=torch.float64).expand(3, 1, 11, 11)

    def mean(x):
        return F.conv2d(x, window, groups=3)

    a, b = ((x.double() + 1) / 2 for x in (images, targets))
    total = torch.ones(len(images), dtype=torch.float64)
    for scale, weight in enumerate(WEIGHTS):
        first, second = mean(a), mean(b)
        variances = mean(a * a) - first**2 + mean(b * b) - second**2
        part = (2 * (mean(a * b) - first * second) + C2) / (variances + C2)
        if scale == len(WEIGHTS) - 1:
            part = part * (2 * first * second + C1) / (first**2 + second**2 + C1)
        total = total * part.mean(dim=(1, 2, 3)).clamp_min(0) ** weight
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return total


def test_equal_images():
    images = pictures()
    assert ms_ssim(images, images).tolist() == pytest.approx([1, 1])


def test_flat_images_differ_in_luminance_alone():
    """At the last scale, to the power of its weight."""
    a, b = 0.25, 0.75
    found = ms_ssim(torch.full((1, 3, 176, 176), 2 * a - 1), torch.full((1, 3, 176, 176), 2 * b - 1))
    assert found.item() == pytest.approx(((2 * a * b + C1) / (a * a + b * b + C1)) ** WEIGHTS[-1], rel=1e-4)


def test_it_is_the_published_formula():
    images = pictures(side=192)
    targets = (0.8 * images + 0.1 * pictures(seed=1, side=192)).clamp(-1, 1)
    found, wanted = ms_ssim(images, targets), written_out(images, targets)
    assert found.tolist() == pytest.approx(wanted.tolist(), abs=5e-3)
    assert found.max() < 0.99


def test_each_image_has_its_own_number():
    images = pictures()
    targets = torch.stack([images[0], pictures(1, seed=3)[0]])
    first, second = ms_ssim(images, targets).tolist()
    assert first == pytest.approx(1)
    assert second < 0.9
    assert ms_ssim(images[:1], targets[:1]).shape == (1,)


def test_images_that_are_too_small():
    with pytest.raises(ImageError, match="at least 176 pixels on each side"):
        ms_ssim(pictures(side=128), pictures(side=128))
    with pytest.raises(ImageError, match="of the same size"):
        ms_ssim(pictures(side=176), pictures(side=184))
