"""The reconstruction loss against what its formula gives by hand."""

import pytest
import torch

from pastiche.losses.reconstruction import reconstruction_loss


def halves(side=16):
    """0 on the left and 1 on the right, the border at a multiple of 8."""
    picture = torch.zeros(1, 3, side, side)
    picture[..., side // 2 :] = 1.0
    return picture


def test_equal_pictures():
    picture = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert reconstruction_loss(picture, picture) == 0


def test_pixels_and_edges_at_every_size():
    flat = torch.zeros(1, 3, 16, 16)
    assert reconstruction_loss(halves(), flat, edges=0.0).item() == pytest.approx(0.5)
    steps = sum(1 / (side - 1) for side in (16, 8, 4, 2)) / 4  # one step in each row
    assert reconstruction_loss(halves(), flat, edges=2.0).item() == pytest.approx(0.5 + 2 * steps)
    assert reconstruction_loss(halves(), flat, edges=1.0, levels=1).item() == pytest.approx(0.5 + 1 / 15)


def test_grain_costs_less_at_smaller_sizes():
    flat = torch.zeros(1, 3, 16, 16)
    checks = flat.clone()
    checks[..., ::2, ::2] = checks[..., 1::2, 1::2] = 1.0
    one, all_of_them = (reconstruction_loss(checks - 0.5, flat, levels=levels) for levels in (1, 4))
    assert all_of_them == pytest.approx(one.item() / 4)


def test_pictures_too_small_for_all_sizes():
    assert reconstruction_loss(torch.ones(1, 3, 4, 4), torch.zeros(1, 3, 4, 4), levels=9).item() == pytest.approx(1.0)
