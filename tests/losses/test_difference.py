"""The part of a change that is drawn."""

import pytest
import torch

from pastiche.losses.difference import FLOOR, difference_loss


def pictures(count=2):
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_it_is_none_for_the_same_change_and_ignores_what_both_have_in_common():
    before, after = pictures(), pictures().flip(0)
    assert difference_loss(before, after, before, after) == 0
    assert difference_loss(before + 0.3, after + 0.3, before, after) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.5, -1.0])
def test_it_is_the_share_of_the_squared_change_that_is_missing(share):
    before, change = pictures(), torch.full((2, 3, 16, 16), 0.4)
    expected = (1 - share) ** 2 * 0.16 / (0.16 + FLOOR)
    assert difference_loss(before, before + share * change, before, before + change) == pytest.approx(expected, rel=1e-5)


def test_every_size_counts_alike():
    before = torch.zeros(1, 3, 16, 16)
    fine = torch.ones(1, 3, 16, 16)
    fine[..., ::2] = -1  # vanishes at half the size
    assert difference_loss(before, before, before, fine, sizes=1) == pytest.approx(1 / (1 + FLOOR), rel=1e-5)
    assert difference_loss(before, before, before, fine, sizes=2) == pytest.approx(0.5 / (1 + FLOOR), rel=1e-5)
