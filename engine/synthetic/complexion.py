"""Bare skin: local tones, blotches, spots, folds and make-up, in the head's frame."""

from math import pi
from typing import NamedTuple

import torch
from torch import Tensor

from .coordinates import ramp
from .geometry import Point, nose_base
from .grain import grain
from .hair import beard_mask
from .parameters import Parameters

__all__ = ["Complexion", "complexion"]


class Complexion(NamedTuple):
    """Bare skin at P points."""

    color: Tensor  # linear RGB [N, P, 3]
    tilt: Tensor  # added to x and y of the normal, for folds and pores [N, P, 2]
    oil: Tensor  # strength of the shine [N, P]
    folds: Tensor  # for painted styles [N, P]


def complexion(p: Point, q: Parameters, pixel: Tensor) -> Complexion:
    blotches, fine = grain(p.x, p.y + 0.4 * p.z, 0.075), grain(p.x, p.y + 0.4 * p.z, 0.015)
    color = _tones(p, q, blotches)
    color = _spots(p, q, color, fine, pixel)
    color = _stubble(p, q, color, fine, pixel)
    folds, tilt = _folds(p, q, blotches)
    color = color * (1 - folds[..., None] * torch.tensor([0.34, 0.46, 0.48], device=color.device))
    relief = (0.05 + 0.05 * q.texture) * (0.015 / (0.015 + pixel))
    tilt = tilt + relief[..., None] * fine[..., 2:]
    return Complexion(color, tilt, _oil(p, q), folds)


def _spot(p: Point, x: Tensor | float, y: Tensor | float, wide: float, high: float) -> Tensor:
    """A soft spot on both sides of the face."""
    return torch.exp(-(((p.x.abs() - x) / wide) ** 2) - ((p.y - y) / high) ** 2)


def _tones(p: Point, q: Parameters, blotches: Tensor) -> Tensor:
    """Redder cheeks, nose, ears and chin; a yellower forehead; blotches."""
    front = ramp(p.z, 0.1, 0.5)
    nose = _spot(p, 0.0, nose_base(q) + 0.05, 0.17, 0.13) * ramp(p.z, 0.7, 0.9)
    cheek = _spot(p, 0.44, -0.33, 0.2, 0.18) * front
    ear = ramp(p.x.abs(), 0.74, 0.86) * ramp(p.z, 0.25, 0.05)
    chin = _spot(p, 0.0, -1.04, 0.2, 0.14)
    red = q.blush * (0.75 * cheek + 0.65 * nose + 0.55 * ear + 0.35 * chin) + 0.06 * (0.4 + q.texture) * blotches[..., 0]
    pale = _spot(p, 0.0, 0.5, 0.5, 0.22) * front
    # Blood absorbs green and blue; melanin hides some of that.
    shown = 0.3 + 0.7 * ramp(q.skin.mean(dim=1, keepdim=True), 0.06, 0.4)
    red = (red * shown)[..., None]
    color = q.skin[:, None] * torch.exp(-red * torch.tensor([0.05, 0.42, 0.36], device=red.device))
    color = color * (1 + pale[..., None] * torch.tensor([0.0, 0.03, -0.05], device=red.device))
    color = color * (1 + (0.035 * (0.5 + q.texture) * blotches[..., 1])[..., None])
    rouge = (0.45 * q.makeup * _spot(p, 0.5, -0.28, 0.2, 0.15) * front * shown)[..., None]
    return color * (1 - rouge * torch.tensor([0.04, 0.42, 0.36], device=red.device))


def _spots(p: Point, q: Parameters, color: Tensor, fine: Tensor, pixel: Tensor) -> Tensor:
    """Freckles on nose and cheeks, age spots, and one to three moles."""
    where = torch.exp(-((p.x / 0.58) ** 2) - ((p.y + 0.24) / 0.24) ** 2) + 0.25 * ramp(p.y, 0.1, 0.5)
    freckles = q.freckles * where * ramp(fine[..., 0] + 0.5 * where, 0.7, 1.5)
    old = ramp(q.age, 52, 80) * 0.4 * ramp(grain(p.x + 3, p.y + p.z, 0.05)[..., 1], 1.3, 1.9)
    brown = torch.tensor([0.36, 0.5, 0.56], device=color.device)
    color = color * (1 - (0.75 * freckles + old).clamp(0, 1)[..., None] * brown)
    places = ((0.33, -0.52, 0.016), (-0.22, -0.93, 0.013), (0.11, 0.42, 0.012))
    moles = sum(
        ramp(torch.sin(2.6 * q.moles + turn), 0.78, 0.95)
        * torch.exp(-(((p.x - x) ** 2 + (p.y - y) ** 2) / (size + 0.3 * pixel) ** 2))
        for turn, (x, y, size) in enumerate(places)
    )
    return color * (1 - 0.8 * (moles * ramp(p.z, 0.2, 0.4))[..., None] * (0.4 + brown))


def _stubble(p: Point, q: Parameters, color: Tensor, fine: Tensor, pixel: Tensor) -> Tensor:
    """Short beard stubble: cooler, darker, dotted."""
    lip = _spot(p, 0.08, q.mouth_y + 0.16, 0.2, 0.07) * ramp(p.z, 0.4, 0.6)
    grows = torch.maximum(beard_mask(p, q), lip) * ramp(q.masculine, 0.3, 0.9) * ramp(q.age, 16, 22)
    dots = 0.5 + 0.3 * fine[..., 1].clamp(-1.5, 1.5) * (0.01 / (0.01 + 0.6 * pixel))
    amount = (grows * (q.stubble + 0.3 * q.beard) * (0.45 + 0.75 * dots)).clamp(0, 0.8)[..., None]
    shadow = color * torch.tensor([0.46, 0.56, 0.64], device=color.device) + 0.05 * q.hair[:, None]
    return color + amount * (shadow - color)


def _folds(p: Point, q: Parameters, blotches: Tensor) -> tuple[Tensor, Tensor]:
    """Folds as relief: depth ``[N, P]`` and the tilt of the normal across them ``[N, P, 2]``."""
    side, sign = p.x.abs(), torch.where(p.x < 0, -1.0, 1.0)
    front = ramp(p.z, 0.1, 0.4)
    broken = (1 + 0.5 * blotches[..., 2]).clamp(0.1, 1.6)
    smile = q.smile.clamp_min(0)
    # From the nose to beside the mouth.
    reach = nose_base(q) + 0.06 - p.y
    across = (side - 0.17 * q.nose_width - 0.36 * reach - 0.06 * smile * ramp(reach, 0.0, 0.3)) / 0.035
    laugh = torch.exp(-(across**2)) * ramp(p.y, q.mouth_y - 0.1, q.mouth_y + 0.12) * ramp(reach, -0.05, 0.1)
    laugh = laugh * (0.05 + 0.5 * q.wrinkles + 0.3 * smile)
    # Forehead: a few broken lines.
    level = p.y - 0.04 * torch.cos(3 * p.x) + 0.006 * blotches[..., 3]
    phase = pi * (level - 0.4) / 0.085
    brow = ramp(level, 0.36, 0.44) * ramp(level, 0.72, 0.6) * ramp(side, 0.55, 0.25) * broken * q.wrinkles
    lines = brow * torch.exp(-((torch.sin(phase) / 0.4) ** 2))
    # Crow's feet fan out from the outer corners of the eyes; young faces show them when they laugh.
    out, up = side - q.eye_x - 0.12, p.y - 0.1 * q.eye_tilt
    fan = 15 * torch.atan2(up, out.clamp_min(0.02))
    feet = torch.exp(-(((out - 0.12) / 0.06) ** 2) - (up / 0.09) ** 2) * (q.wrinkles + 0.35 * smile * ramp(q.age, 18, 40))
    rays = feet * torch.exp(-((torch.sin(fan) / 0.5) ** 2)) * broken
    # Bags: a crescent below the lower lid.
    sag = (p.y + 0.135 + 0.02 * q.eye_open - 0.9 * (side - q.eye_x) ** 2) / 0.026
    bag = torch.exp(-(sag**2) - ((side - q.eye_x) / 0.13) ** 2) * (0.1 + 0.75 * q.wrinkles + 0.25 * smile)
    # A dimple beside the corners of a smile, and the frown line between the brows.
    dimple = _spot(p, q.mouth_width + 0.075, q.mouth_y + 0.06, 0.022, 0.05) * ramp(smile, 0.35, 0.9) * 0.5
    frown = _spot(p, 0.05, 0.22, 0.014, 0.07) * q.wrinkles * 0.6
    tilt_x = sign * (-1.1 * laugh * across - 0.25 * feet * torch.sin(2 * fan) * up / 0.09)
    tilt_y = -0.6 * laugh * across + 0.42 * brow * torch.sin(2 * phase) + 0.5 * feet * torch.sin(2 * fan) - 1.1 * bag * sag
    depth = 0.5 * laugh + 0.55 * lines + 0.25 * rays + 0.3 * bag + dimple + frown
    return (depth * front).clamp(0, 0.9), torch.stack([tilt_x, tilt_y], dim=2) * 0.42 * front[..., None]


def _oil(p: Point, q: Parameters) -> Tensor:
    """Forehead, nose, cheekbones and chin shine."""
    ridge = torch.exp(-((p.x / 0.07) ** 2)) * ramp(p.y, -0.55, -0.3) * ramp(p.y, 0.3, 0.1) * ramp(p.z, 0.7, 0.85)
    bones = _spot(p, 0.5, -0.18, 0.14, 0.1) + 0.7 * _spot(p, 0.0, 0.5, 0.3, 0.16) + 0.5 * _spot(p, 0.0, -1.05, 0.1, 0.08)
    return 0.35 + (0.9 * ridge + 0.8 * bones)
