"""Class maps of painted portraits."""

import pytest
import torch

from pastiche.classes import CLASSES, index_of
from pastiche.synthetic.dataset import code
from pastiche.synthetic.labels import _inside, parsing_labels
from pastiche.synthetic.painter import paint
from pastiche.synthetic.parameters import parameters

SIDE = 64


@pytest.fixture(scope="module")
def portrait():
    return paint(parameters(torch.stack([code(0), code(5)])), SIDE, smooth_edges=False)


@pytest.fixture(scope="module")
def labels(portrait):
    return parsing_labels(portrait.layers, portrait.landmarks)


def test_every_pixel_has_one_class(labels):
    assert labels.shape == (2, SIDE, SIDE)
    assert labels.dtype == torch.uint8
    assert int(labels.max()) < len(CLASSES)


def test_classes_lie_where_the_landmarks_say(portrait, labels):
    def at(n, first, last):
        x, y = portrait.landmarks[n, first : last + 1].mean(dim=0).round().long()
        return CLASSES[int(labels[n, y, x])]

    for n in range(2):
        assert at(n, 36, 41) == "eyes"
        assert at(n, 42, 47) == "eyes"
        assert at(n, 28, 30) == "skin"
        assert at(n, 48, 67) in {"lips", "mouth"}
        assert CLASSES[int(labels[n, 0, 0])] == "background"


def test_what_the_layers_hold_is_what_the_map_says(portrait, labels):
    hairy = portrait.layers.hair[:, 0] > 0.9
    found = torch.isin(labels[hairy], torch.tensor(index_of("hair", "brows", "glasses"), dtype=torch.uint8))
    assert found.float().mean() > 0.98
    empty = (portrait.layers.depth[:, 0] == 0) & (portrait.layers.glasses[:, 0] == 0)
    assert (labels[empty] == 0).float().mean() > 0.98


def test_the_inside_of_a_polygon():
    square = torch.tensor([[[1.5, 1.5], [4.5, 1.5], [4.5, 3.5], [1.5, 3.5]]])
    y, x = torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij")
    inside = _inside(square, x[None, :1], y[None, :, :1])
    assert inside[0].nonzero().tolist() == [[row, column] for row in (2, 3) for column in (2, 3, 4)]
