"""What the tests of faces share: a photo, and the truth about it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pastiche import images
from pastiche.faces import Box, align, detect
from pastiche.faces.shape import MEAN_SHAPE

ASSETS = Path(__file__).parents[2] / "weights" / "demo"


@pytest.fixture(scope="session")
def photo():
    """NASA's portrait of Eileen Collins, 512 x 512: one face, public domain."""
    return images.read(ASSETS / "astronaut.png")


@pytest.fixture(scope="session")
def truth():
    """Her features in that photo, by eye: left and right as one sees them."""
    points = {
        "eye_left": (202.3, 100.2),
        "eye_right": (247.4, 103.0),
        "mouth_left": (202.0, 139.0),
        "mouth_right": (246.5, 139.0),
        "nose": (224.0, 126.5),
        "chin": (225.0, 178.5),
    }
    return {name: np.array(point) for name, point in points.items()}


@pytest.fixture(scope="session")
def box(photo):
    (found,) = detect(photo)
    return found


@pytest.fixture(scope="session")
def face(photo):
    (found,) = align(photo, 256)
    return found


@pytest.fixture
def smooth():
    """A photo ``[1, 3, H, W]`` without any detail, which no resampling can lose."""

    def make(height=240, width=320):
        y = torch.linspace(0, 3, height)[:, None]
        x = torch.linspace(0, 4, width)
        return torch.stack([(x + y).sin(), (x - y).cos(), (x * 0.5 + y * 0.7).sin()])[None] * 0.8

    return make


@pytest.fixture
def landmarks_at():
    """The mean face at a place, as a landmarker's answer ``[68, 2]``."""

    def make(x, y, side, degrees=0.0):
        angle = np.radians(degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return torch.from_numpy(MEAN_SHAPE @ turn.T * side + (x, y))

    return make


@pytest.fixture
def finder(landmarks_at):
    """A detector and a landmarker that know where the faces are: centre, side, degrees."""

    def make(*places):
        boxes = [Box.around(x, y, side, angle=degrees) for x, y, side, degrees in places]
        return {
            "detector": lambda image: boxes,
            "landmarker": lambda image, box: landmarks_at(*box.centre, box.side, box.angle),
        }

    return make
