"""Mouths: lips with relief, the line between them, and the interior of an open mouth."""

from math import pi
from typing import NamedTuple

import torch
from torch import Tensor

from .coordinates import ramp
from .geometry import Point, mouth_line
from .grain import grain
from .landmarks import inner_lips, outer_lips
from .light import dimmed
from .parameters import Parameters

__all__ = ["MouthPaint", "near_mouth", "paint_mouth"]

TOOTH = 0.082  # height of the upper teeth


class MouthPaint(NamedTuple):
    """All ``[N, P]``, `color` ``[N, P, 3]``, `tilt` ``[N, P, 2]``."""

    lips: Tensor
    open: Tensor  # the gap between the lips
    teeth: Tensor
    color: Tensor  # inside
    line: Tensor
    tilt: Tensor  # added to x and y of the normal, for the curvature and wrinkles of the lips
    corner: Tensor  # shadow at the corners


def near_mouth(p: Point, q: Parameters) -> Tensor:
    """Mask ``[N, P]`` of points that the mouth may cover."""
    return (p.x.abs() < 1.35 * q.mouth_width) & ((p.y - q.mouth_y).abs() < 0.42) & (p.z > 0.3)


def paint_mouth(p: Point, q: Parameters, pixel: Tensor) -> MouthPaint:
    s = p.x / q.mouth_width
    v = p.y - mouth_line(p.x, q)
    front = ramp(p.z, 0.35, 0.5)
    upper, lower = outer_lips(s, q)
    away = torch.maximum(v - upper, lower - v)
    lips = ramp(away, 0.7 * pixel + 0.006, -0.7 * pixel - 0.006) * front * ramp(s.abs(), 1.02, 0.9)
    top, bottom = inner_lips(s, q)
    gap = torch.maximum(v - top, bottom - v)
    opened = ((0.5 * pixel - gap) / (pixel + 0.004)).clamp(0, 1) * front * ramp(q.mouth_open, 0.03, 0.12)
    opened = opened * (s.abs() < 0.94)
    color, teeth = _inside(s, v, top, bottom, p, q)
    thin = 0.006 + 0.5 * pixel + 0.006 * ramp(s.abs(), 0.6, 1.0)
    line = torch.exp(-((v / thin) ** 2)) * front * ramp(s.abs(), 1.08, 0.98) * (1 - ramp(q.mouth_open, 0.05, 0.15))
    high, low = v / (upper + 0.01), v / (lower - 0.01)
    roll = torch.where(v > 0, -0.5 * (1 - high.clamp(0, 1)), 0.42 - 0.95 * low.clamp(0, 1))
    wrinkles = grain(p.x, p.y, (0.016, 0.12))[..., 0] * (0.012 / (0.012 + pixel))
    tilt = torch.stack([0.16 * wrinkles, roll], dim=2) * lips[..., None]
    corner = torch.exp(-(((s.abs() - 1.03) / 0.09) ** 2) - ((v - 0.004) / 0.03) ** 2) * front
    return MouthPaint(lips, opened, teeth * opened, color, line, tilt, corner)


def _inside(s: Tensor, v: Tensor, top: Tensor, bottom: Tensor, p: Point, q: Parameters) -> tuple[Tensor, Tensor]:
    """Cavity, tongue and upper teeth: colour, and the mask of the teeth."""
    device = p.x.device
    arc = TOOTH * (1 - 0.45 * s * s)
    edge = top + 0.012 - arc
    round_ = (s / 0.98).clamp(-1, 1)
    phase = torch.asin(0.97 * round_) * q.mouth_width / 0.066
    gaps = 1 - 0.34 * torch.exp(-((torch.sin(pi * phase) / 0.2) ** 2)) * ramp(v - top, 0.02, -0.03)
    notch = 0.007 * torch.sin(pi * phase).abs()
    teeth = ramp(v - edge + notch, -0.004, 0.012) * ramp(q.smile, -0.3, 0.2) * ramp(s.abs(), 0.93, 0.78)
    lit = (1 - 0.8 * s * s) * gaps * (1 - 0.5 * torch.exp(-(((top - v) / 0.016).clamp_min(0) ** 2)))
    ivory = torch.tensor([0.56, 0.50, 0.42], device=device) * (lit * dimmed(q))[..., None]
    gum = ramp(q.smile * q.mouth_open, 0.75, 0.95) * ramp(top - v, 0.016, 0.006)
    ivory = ivory + gum[..., None] * (torch.tensor([0.32, 0.11, 0.10], device=device) - ivory)
    deep = ramp(v - bottom, 0.75 * (top - bottom) + 0.001, 0.0) * ramp(s.abs(), 0.75, 0.2)
    tongue = torch.tensor([0.12, 0.034, 0.03], device=device) * deep[..., None]
    cavity = torch.tensor([0.022, 0.006, 0.005], device=device) + tongue
    return cavity + teeth[..., None] * (ivory - cavity), teeth
