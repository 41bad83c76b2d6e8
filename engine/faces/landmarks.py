"""From a face's box to its 68 landmarks.

Three ways, of one type: the mean shape laid into the box, which needs nothing; our own small network;
and, in `fan.py`, the network of the face-alignment package.
"""

import math
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..resources import demo_file
from .detect import Box
from .landmark_net import INPUT, LandmarkNet
from .shape import MEAN_SHAPE, Array, similarity
from .warp import apply, warp

__all__ = ["BoxLandmarks", "Landmarker", "NetworkLandmarks", "bundled_landmarks", "frame", "shape_in"]

SPAN = 1.6  # side of the network's crop, in boxes of the detector
MIDDLE = np.array([0.0, 0.11])  # of the crop, in units of the box: between brows and chin


class Landmarker(Protocol):
    """Anything that finds landmarks."""

    def __call__(self, image: Tensor, box: Box) -> Tensor:
        """The landmarks of one face.

        Args:
            image: the whole photo ``[1, 3, H, W]`` in [-1, 1].
            box: where the detector saw the face.

        Returns:
            ``[68, 2]`` x, y in dlib's order and in pixel indices of the photo: the centre of its first
            pixel is (0, 0). Fractions are welcome.
        """


class BoxLandmarks:
    """The mean face, turned and scaled into the box.

    Blind to the face itself. Against points set by hand on three portraits, eyes and mouth are off by a
    tenth of the distance between the eyes (0.15 at worst), and the corners of FFHQ's crop by 0.03 to 0.12
    of its side; on a painting with large eyes by twice that. Enough to stylize, not to measure by.
    """

    def __call__(self, image: Tensor, box: Box) -> Tensor:
        """See `Landmarker`."""
        return torch.from_numpy(shape_in(box))


class NetworkLandmarks:
    """Our own network: it looks around the box, then around what it found, turned upright, and once more.

    Against eyes, mouth, nose and chin set by hand on four portraits, it is off by 0.06 of the distance between
    the eyes on average, where the mean face in the box is off by 0.09 to 0.14.

    Args:
        network: trained; used on its own device.
        looks: how often it looks.
    """

    def __init__(self, network: LandmarkNet, *, looks: int = 3) -> None:
        self.network = network
        self.looks = looks

    @torch.no_grad()
    def __call__(self, image: Tensor, box: Box) -> Tensor:
        """See `Landmarker`."""
        device = next(self.network.parameters()).device
        landmarks = shape_in(box)
        for _ in range(self.looks):
            to_photo = frame(landmarks)
            crop = warp(image, to_photo, INPUT).to(device)
            points, _ = self.network(crop)
            landmarks = apply(to_photo, points[0].double().cpu().numpy() * INPUT - 0.5)
        return torch.from_numpy(landmarks)


@lru_cache(maxsize=1)
def bundled_landmarks() -> NetworkLandmarks:
    """The network that is bundled, on the CPU.

    Raises:
        PasticheError: this installation lacks it.
    """
    return NetworkLandmarks(LandmarkNet.load(demo_file("landmarks.safetensors")))


def shape_in(box: Box) -> Array:
    """The mean shape ``[68, 2]`` as it stands in a box."""
    c, s = math.cos(math.radians(box.angle)), math.sin(math.radians(box.angle))
    turn = np.array([[c, -s], [s, c]]) * box.side
    return np.asarray(MEAN_SHAPE @ turn.T + box.centre)


def frame(landmarks: Array, *, size: int = INPUT) -> Array:
    """The network's crop around a face: ``[3, 3]`` from pixel indices of the crop to those of the photo.

    The square in which the mean shape, laid over the landmarks as well as shift, turn and scale allow,
    stands upright and in the middle. Train on crops whose frames come from disturbed landmarks.

    Args:
        landmarks: ``[68, 2]`` in pixel indices of the photo.
        size: side of the crop in pixels.
    """
    to_photo = similarity(MEAN_SHAPE, landmarks)
    unit = np.array([[SPAN, 0, MIDDLE[0]], [0, SPAN, MIDDLE[1]], [0, 0, 1]])  # from -0.5..0.5 in the crop to the box
    pixels = np.array([[1 / size, 0, 0.5 / size - 0.5], [0, 1 / size, 0.5 / size - 0.5], [0, 0, 1]])
    return np.asarray(to_photo @ unit @ pixels)
