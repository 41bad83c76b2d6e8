"""Styles told apart on pictures made of colours and noise."""

import pytest
import torch
import torch.nn.functional as F

from pastiche.errors import ImageError
from pastiche.metrics import recognised, style_features


def painted(color, coarse, count=1, seed=0):
    """Noise of squares of `coarse` pixels around a colour."""
    rng = torch.Generator().manual_seed(seed)
    squares = torch.randn(count, 1, 64 // coarse, 64 // coarse, generator=rng) * 0.2
    return torch.tensor(color).view(1, 3, 1, 1) + F.interpolate(squares, scale_factor=coarse)


RED, BLUE = (0.6, -0.5, -0.5), (-0.5, -0.4, 0.5)


def test_features_do_not_depend_on_the_place():
    picture = painted(RED, 4)
    assert style_features(picture).shape == (1, 15)
    assert torch.allclose(style_features(picture), style_features(picture.flip(3)), atol=1e-4)


def test_pictures_of_a_style_find_its_reference():
    references = {"red": painted(RED, 2), "blue": painted(BLUE, 2), "large": painted(RED, 8)}
    pictures = {"red": painted(RED, 2, 6, 1), "blue": painted(BLUE, 2, 6, 1), "large": painted(RED, 8, 6, 1)}
    assert recognised(pictures, references) == {"red": 1.0, "blue": 1.0, "large": 1.0}
    assert recognised({"red": pictures["blue"]}, references) == {"red": 0.0}


def test_styles_without_a_reference():
    with pytest.raises(ImageError, match="at least two references"):
        recognised({"red": painted(RED, 2)}, {"red": painted(RED, 2)})
    with pytest.raises(ImageError, match="pictures are in blue"):
        recognised({"blue": painted(RED, 2)}, {"red": painted(RED, 2), "green": painted(BLUE, 2)})
