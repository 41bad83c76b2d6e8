"""What hides parts of a face in photographs and hardly in painted portraits: hats, and hands before the chin.

Drawn on finished pictures ``[N, 3, H, W]`` in [-1, 1] by landmarks ``[N, 68, 2]`` in pixel indices; crude shapes, since
the point is what they hide. Coordinates are the face's own: u to the right and v up, from between the eyes, in eye distances.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .degradation import Rng, fractal

__all__ = ["Covered", "put_hands", "put_hats"]


@dataclass(frozen=True)
class Covered:
    """Pictures with something in front of them.

    Attributes:
        images: ``[N, 3, H, W]``.
        mask: bool ``[N, 1, H, W]``: where it is.
    """

    images: Tensor
    mask: Tensor


def put_hats(images: Tensor, landmarks: Tensor, rng: Rng, *, chance: float = 1.0) -> Covered:
    """Caps, straw hats, hoods: a crown above the brows, and a brim, with its shadow on the face.

    Args:
        chance: of each picture to get one.
    """
    u, v = _face_coordinates(images, landmarks)
    n = len(images)
    tilt = 0.14 * _normal(n, rng)
    u, v = u + tilt * v, v - tilt * u
    low, wide, tall = _between(n, 0.45, 1.05, rng), _between(n, 1.15, 1.7, rng), _between(n, 0.7, 2.4, rng)
    top = _between(n, 2.0, 6.0, rng)  # from a dome to a box
    crown = ((u / wide).abs() ** top + ((v - low) / tall).clamp_min(0) ** top < 1) & (v > low)
    reach = wide * _between(n, 0.95, 2.2, rng)
    sag = _between(n, -0.15, 0.25, rng) * (u / reach) ** 2
    brim = (u / reach) ** 2 + ((v - low + sag) / _between(n, 0.04, 0.45, rng)) ** 2 < 1
    worn = torch.rand(n, 1, 1, 1, generator=rng) < chance
    mask = (crown | (brim & (torch.rand(n, 1, 1, 1, generator=rng) < 0.7))) & worn
    band = (v > low) & (v < low + 0.25) & (torch.rand(n, 1, 1, 1, generator=rng) < 0.4)
    color = torch.where(band, 2 * torch.rand(n, 3, 1, 1, generator=rng) - 1, _cloth(images, u / wide, rng))
    shadow = ((v < low) & (v > low - _between(n, 0.1, 1.0, rng)) & worn) * _between(n, 0.0, 0.5, rng)
    shaded = (images + 1) * (1 - shadow) - 1
    return Covered(torch.where(mask, color, shaded).clamp(-1, 1), mask)


def put_hands(images: Tensor, landmarks: Tensor, rng: Rng, *, chance: float = 1.0) -> Covered:
    """A palm with four fingers before the lower half of the face, in a tone near its skin.

    Args:
        chance: of each picture to get one.
    """
    u, v = _face_coordinates(images, landmarks)
    n = len(images)
    x, y = _between(n, -1.3, 1.3, rng), _between(n, -2.3, -1.3, rng)
    angle = 0.6 * _normal(n, rng) + 0.5 * x
    across = (u - x) * angle.cos() + (v - y) * angle.sin()
    along = (v - y) * angle.cos() - (u - x) * angle.sin()
    thick, length = _between(n, 0.13, 0.22, rng), _between(n, 0.5, 1.2, rng)
    distance = torch.maximum((across / (4.2 * thick)).abs(), ((along + 0.6) / 0.75).abs()) - 1
    for finger in range(4):
        middle = (finger - 1.5) * 2.0 * thick * _between(n, 0.9, 1.25, rng)
        reach = length * _between(n, 0.6, 1.0, rng)
        one = ((across - middle) ** 2 + (along - along.clamp(torch.zeros_like(reach), reach)) ** 2).sqrt() / thick - 1
        distance = torch.minimum(distance, one)
    mask = (distance < 0) & (torch.rand(n, 1, 1, 1, generator=rng) < chance)
    tone = _skin(images, landmarks) + 0.12 * torch.randn(n, 3, 1, 1, generator=rng)
    light = 0.75 + 0.35 * (-distance).clamp(0, 1) + 0.1 * _normal(n, rng) * across.clamp(-1, 1)
    return Covered(torch.where(mask, (tone + 1) * light - 1, images).clamp(-1, 1), mask)


def _face_coordinates(images: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
    """u and v of every pixel, ``[N, 1, H, W]``."""
    left, right = landmarks[:, 36:42].mean(dim=1), landmarks[:, 42:48].mean(dim=1)
    across = right - left
    unit = across.norm(dim=1).clamp_min(1.0)[:, None, None, None]
    cos, sin = (across[:, axis, None, None, None] / unit for axis in (0, 1))
    middle = (left + right) / 2
    x = torch.arange(images.shape[-1], device=images.device).view(1, 1, 1, -1) - middle[:, 0, None, None, None]
    y = torch.arange(images.shape[-2], device=images.device).view(1, 1, -1, 1) - middle[:, 1, None, None, None]
    return (x * cos + y * sin) / unit, (x * sin - y * cos) / unit


def _skin(images: Tensor, landmarks: Tensor) -> Tensor:
    """The colour of the nose ``[N, 3, 1, 1]``, where no hair lies."""
    at = landmarks[:, 28:31].mean(dim=1).round().long()
    y = at[:, 1].clamp(0, images.shape[-2] - 1)
    x = at[:, 0].clamp(0, images.shape[-1] - 1)
    return images[torch.arange(len(images)), :, y, x][:, :, None, None]


def _cloth(images: Tensor, across: Tensor, rng: Rng) -> Tensor:
    """Felt, straw or wool: a colour, darker to the sides, and a weave."""
    n, side = len(images), max(images.shape[-2:])
    weave = fractal(n, 1, side, rng, images.device, roughness=0.9)[..., : images.shape[-2], : images.shape[-1]]
    color = 2 * torch.rand(n, 3, 1, 1, generator=rng) - 1
    return color - _between(n, 0.0, 0.6, rng) * across**2 + _between(n, 0.02, 0.25, rng) * weave


def _between(n: int, low: float, high: float, rng: Rng) -> Tensor:
    return low + (high - low) * torch.rand(n, 1, 1, 1, generator=rng)


def _normal(n: int, rng: Rng) -> Tensor:
    return torch.randn(n, 1, 1, 1, generator=rng)
