"""Tests of the texture loss."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pastiche.losses.reconstruction import reconstruction_loss
from pastiche.losses.texture import FLOOR, texture_loss, textured_loss


def _stripes(period: int, *, shift: int = 0, across: bool = True) -> Tensor:
    lines = torch.sin(2 * torch.pi * (torch.arange(64) + shift) / period)
    picture = lines.expand(64, 64) if across else lines[:, None].expand(64, 64)
    return 0.5 * picture.expand(1, 3, 64, 64)


def test_equal_images_have_none() -> None:
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert texture_loss(images, images).item() == 0


def test_a_step_between_two_flat_areas_is_as_high_as_its_closed_form() -> None:
    flat, ramp = torch.zeros(1, 1, 32, 32), torch.arange(32.0).div(100).expand(1, 1, 32, 32)
    # inside a ramp: a step of 0.01 to the right, 0.01 along both diagonals, none down, none to the neighbours' mean
    inside = texture_loss(ramp[..., :, 8:24].repeat(1, 1, 1, 1), flat[..., :, 8:24])
    contrast = (torch.tensor(0.01**2 + FLOOR).sqrt() - FLOOR**0.5).item()
    assert inside.item() == pytest.approx(3 / 5 * contrast, rel=0.2)  # the columns at the edge differ


def test_strokes_in_another_place_cost_little_and_their_lack_much() -> None:
    wanted, beside, without = _stripes(8), _stripes(8, shift=4), torch.zeros(1, 3, 64, 64)
    assert texture_loss(beside, wanted) < 0.1 * texture_loss(without, wanted)
    assert reconstruction_loss(beside, wanted) > 1.5 * reconstruction_loss(without, wanted)


def test_the_orientation_of_strokes_counts() -> None:
    wanted, turned = _stripes(8), _stripes(8, across=False)
    assert texture_loss(turned, wanted) > 0.5 * texture_loss(torch.zeros_like(wanted), wanted)


def test_blur_is_undone_by_its_gradient() -> None:
    wanted = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    images = F.avg_pool2d(wanted, 3, 1, 1).requires_grad_()
    optimizer = torch.optim.Adam([images], lr=0.02)
    before = texture_loss(images, wanted).item()
    for _ in range(20):
        loss = texture_loss(images, wanted)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    assert texture_loss(images, wanted).item() < 0.5 * before


def test_together_with_pixels_it_is_the_sum_of_its_parts() -> None:
    a, b = (torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    reduced = reconstruction_loss(*(F.avg_pool2d(part, 4) for part in (a, b)))
    wanted = 0.25 * reconstruction_loss(a, b) + 0.75 * reduced + 2 * texture_loss(a, b)
    assert textured_loss(a, b, fine=0.25, texture=2.0).item() == pytest.approx(wanted.item())
    assert textured_loss(a, b, fine=1.0, texture=0.0).equal(reconstruction_loss(a, b))


def test_flat_images_have_a_finite_gradient() -> None:
    images = torch.zeros(1, 3, 40, 24, requires_grad=True)
    (gradient,) = torch.autograd.grad(texture_loss(images, torch.ones(1, 3, 40, 24)), images)
    assert gradient.isfinite().all()
