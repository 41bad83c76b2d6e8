"""Flyaway hairs at the outline of the hair, as coverage of the background.

A hair is far thinner than a pixel, so rays would miss it. Instead, noise that is fine across the hairs and coarse along them
fades out with the distance from the outline, in the image plane.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .camera import Pose, project
from .coordinates import ramp
from .grain import grain
from .parameters import Parameters

__all__ = ["flyaway"]

REACH = 0.09  # distance from the outline in head units, for the messiest hair
MIDDLE = (0.0, 0.25, -0.25)  # centre of the head, from which they point away


def flyaway(layers: dict[str, Tensor], q: Parameters, rays: Tensor, pixel: Tensor) -> None:
    """Add flyaway hairs to layers ``[N, S^2, C]``, in place; rays ``[N, S^2, 3]``."""
    side = round(rays.shape[1] ** 0.5)
    hair = (layers["hair"] - layers["brows"]).clamp(0, 1)
    free = (1 - layers["hair"] - layers["skin"] - layers["glasses"] - layers["hat"])[..., 0].clamp(0, 1)
    size = max(3, 2 * round(0.5 * REACH / float(pixel.mean())) + 1)
    near, color, image = _blurred(torch.cat([hair, hair * layers["color"], hair * layers["image"]], dim=2), side, size).split(
        [1, 3, 3], dim=2
    )
    if not near.any():
        return
    cover = free * _hairs(near[..., 0], q, rays, pixel)
    some = cover[..., None]
    layers["image"] += some * (image / near.clamp_min(1e-3) - layers["image"])
    layers["color"] += some * (color / near.clamp_min(1e-3) - layers["color"])
    layers["hair"] += some * (1 - layers["hair"])
    layers["cloth"] *= 1 - some


def _blurred(values: Tensor, side: int, size: int) -> Tensor:
    square = values.transpose(1, 2).unflatten(2, (side, side))
    for wide in ((1, size), (size, 1), (1, size), (size, 1)):
        square = F.avg_pool2d(square, wide, stride=1, padding=(wide[0] // 2, wide[1] // 2), count_include_pad=False)
    blurred: Tensor = square.flatten(2).transpose(1, 2)
    return blurred


def _hairs(near: Tensor, q: Parameters, rays: Tensor, pixel: Tensor) -> Tensor:
    """Coverage ``[N, P]``; `near` is the share of hair around a pixel."""
    middle = project(Pose.head(q).to_camera(torch.tensor([[MIDDLE]], device=near.device)))
    plane = rays[..., :2] / -rays[..., 2:] * 8 - middle
    x, y = plane.unbind(dim=2)
    across = torch.atan2(x, y.clamp_min(0) + 0.5)
    along = (x * x + y * y + 1e-6).sqrt()
    fine = 0.016 + 0.8 * pixel
    u, v = across / fine, along / 0.3
    slant = 0.5 * along / fine
    left, right = grain(u + slant, v, 1.0), grain(u - slant, v + 16.7, 1.0)
    hairs = torch.maximum(left[..., 0], right[..., 1])
    unruly = 0.35 + 0.65 * q.hair_messy
    rest = ramp(near, 0.02, 0.42)
    found: Tensor = rest * ramp(hairs + 1.6 * rest * unruly, 1.25, 2.4) * (0.85 - 0.35 * ramp(pixel, 0.008, 0.03))
    return found * unruly * (1 - 0.8 * q.hat)
