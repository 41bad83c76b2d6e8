"""How alike two faces look, for finding a person again."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..devices import device_of
from ..encoders import IMAGE_SIZE, ArcFace
from ..faces.ffhq import quad, square
from ..faces.landmarks import frame
from ..faces.shape import Array
from ..faces.warp import warp
from ..images import luma

__all__ = ["Appearance", "by_identity", "by_thumbnail"]

THUMBNAIL = 24


@dataclass(frozen=True)
class Appearance:
    """Describes faces by unit vectors.

    Attributes:
        describe: a picture ``[1, 3, H, W]`` and landmarks ``[68, 2]`` to a unit vector ``[K]``.
        keep: cosine from which a face is still the one of the frame before.
        same: cosine from which a face that was lost is found again.
    """

    describe: Callable[[Tensor, Array], Tensor]
    keep: float
    same: float


def by_thumbnail() -> Appearance:
    """By a small upright picture of the face: enough within one video. Needs no network."""
    return Appearance(_thumbnail, keep=0.55, same=0.7)


def by_identity(network: ArcFace) -> Appearance:
    """By an identity network, which also knows people in another light or pose."""

    @torch.no_grad()
    def describe(image: Tensor, landmarks: Array) -> Tensor:
        crop = warp(image, square(quad(landmarks), IMAGE_SIZE), IMAGE_SIZE)
        return network.identify(crop.to(device_of(network)))[0].cpu()

    return Appearance(describe, keep=0.3, same=0.4)


def _thumbnail(image: Tensor, landmarks: Array) -> Tensor:
    """Lightness without its mean, beside colours without theirs: hair and skin tell as much as features do."""
    small = warp(image, frame(landmarks, size=THUMBNAIL), THUMBNAIL)
    light = luma(small)
    colours = F.avg_pool2d(small - light, 4)
    parts = [light - light.mean(), 2 * colours]
    return F.normalize(torch.cat([part.flatten() for part in parts]), dim=0)
