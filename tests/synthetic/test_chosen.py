"""Work on some points of every portrait, put back among the others."""

import pytest
import torch

from pastiche.synthetic.chosen import chosen

MASKS = torch.tensor([[0, 1, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=torch.bool)


@pytest.mark.parametrize("rows", [slice(0, 3), slice(0, 1), slice(1, 2), slice(2, 3)])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_only_the_chosen_points_change(rows, shape):
    mask = MASKS[rows]
    values = torch.randn(*mask.shape, *shape, generator=torch.Generator().manual_seed(0))
    changed, points = values.clone(), chosen(mask)
    points.put(changed, points.of(values) + 10)
    where = mask.view(*mask.shape, *[1] * len(shape))
    assert torch.equal(changed, torch.where(where, values + 10, values))


def test_a_choice_among_chosen_points_is_a_choice_among_all():
    values = torch.arange(10.0).view(2, 5)
    outer = chosen(MASKS[:2])
    inner = chosen(outer.of(values) > 2)
    assert inner.within(outer).of(values)[0].unique().tolist() == [3, 4]  # shorter lists repeat a point
    assert inner.within(outer).of(values)[1].unique().tolist() == [7]


def test_what_is_not_chosen_is_spread_as_nothing():
    points = chosen(MASKS[:1])
    assert points.spread(torch.ones(1, len(points)), 5)[0].tolist() == [0, 1, 0, 1, 1]


def test_pieces_make_up_the_whole():
    points = chosen(MASKS[:1])
    assert [len(piece) for piece in points.split(2)] == [2, 1]
    assert chosen(MASKS[2:]).split(2) == []
