"""What is painted on the shapes: eyes, brows, lips, freckles, stubble.

Works in the head's frame, where features stand still. Masks are soft over about one pixel, so that
edges are smooth at any resolution.
"""

from math import pi
from typing import NamedTuple

import torch
from torch import Tensor

from .geometry import Point, eye_growth, mouth_line, nose_base
from .hair import beard_mask
from .landmarks import EYE_WIDTH, brow_line, inner_lips, lids, outer_lips
from .parameters import Parameters, ramp

__all__ = ["Surface", "inside", "over", "paint_skin"]


class Surface(NamedTuple):
    """Painted surface at P points."""

    color: Tensor  # linear RGB [N, P, 3]
    normal: Tensor  # [N, P, 3]
    gloss: Tensor  # strength of the highlight [N, P]
    sharp: Tensor  # its exponent [N, P]
    eyes: Tensor  # masks [N, P], for painted styles
    lips: Tensor
    brows: Tensor
    lines: Tensor  # lash lines, mouth line, lid creases: what a draughtsman would ink


def over(base: Tensor, color: Tensor, mask: Tensor) -> Tensor:
    """`color` ``[N, P, 3]`` or ``[N, 3]`` laid over `base` where `mask` ``[N, P]``."""
    color = color[:, None] if color.ndim == 2 else color
    return base + mask[..., None] * (color - base)


def inside(distance: Tensor, pixel: Tensor) -> Tensor:
    """1 where a distance is negative, over a soft edge of a pixel."""
    return ((0.5 * pixel - distance) / pixel).clamp(0, 1)


def paint_skin(p: Point, normal: Tensor, q: Parameters, pixel: Tensor) -> Surface:
    """The face: everything but its shape."""
    color = _complexion(p, q)
    color, wrinkles = _age(p, q, color)
    stubble = beard_mask(p, q) * ramp(q.masculine, 0.4, 0.9) * ramp(q.age, 17, 22) * (0.16 + 0.3 * q.beard)
    color = over(color, 0.45 * color + 0.1 * q.hair[:, None], stubble)
    color = _moustache(p, q, color)
    gloss, sharp = torch.full_like(p.x, 0.1), torch.full_like(p.x, 14.0)
    mouth = _mouth(p, q, pixel)
    color = over(color, q.lips, mouth.lips)
    color = over(color, mouth.color, mouth.open)
    brows = _brows(p, q, pixel)
    color = over(color, q.brow * 0.94 + 0.06 * q.skin, 0.93 * brows)
    nostril = _nostrils(p, q)
    color = over(color, 0.22 * q.skin, 0.75 * nostril)
    eye = _eyes(p, normal, q, pixel)
    color = over(color, 0.62 * q.skin * torch.tensor([1.0, 0.86, 0.82], device=q.skin.device), 0.55 * eye.crease)
    color = over(color, eye.color, eye.open)
    color = over(color, 0.1 * q.brow + 0.008, eye.lash)
    normal = over(normal, eye.normal, eye.open)
    gloss = gloss + 0.1 * mouth.lips * (1 - mouth.open) + 0.55 * eye.open
    sharp = sharp + 30 * mouth.lips + 180 * eye.open
    lines = torch.maximum(torch.maximum(eye.lash, 0.6 * eye.crease), torch.maximum(mouth.line, 0.5 * wrinkles))
    return Surface(color, normal, gloss * (1 - brows) * (1 - 0.8 * mouth.open), sharp, eye.open, mouth.lips, brows, lines)


def _complexion(p: Point, q: Parameters) -> Tensor:
    """Skin with a flush on cheeks, nose and ears, and freckles."""
    cheek = torch.exp(-(((p.x.abs() - 0.42) / 0.2) ** 2) - ((p.y + 0.36) / 0.17) ** 2)
    tip = torch.exp(-((p.x / 0.14) ** 2) - ((p.y - nose_base(q) - 0.06) / 0.12) ** 2) * ramp(p.z, 0.7, 0.9)
    ear = ramp(p.x.abs(), 0.76, 0.88) * ramp(p.z, 0.2, 0.05)
    flush = q.blush * (0.75 * cheek + 0.5 * tip + 0.4 * ear)
    rosy = q.skin * torch.tensor([1.06, 0.66, 0.6], device=q.skin.device)
    color = over(q.skin[:, None].expand(-1, p.x.shape[1], -1), rosy, flush.clamp(0, 0.8))
    spots = torch.sin(57 * p.x + 9 * torch.sin(31 * p.y)) * torch.sin(61 * p.y + 8 * torch.sin(29 * p.x))
    where = torch.exp(-((p.x / 0.5) ** 2) - ((p.y + 0.28) / 0.16) ** 2)
    return over(color, 0.62 * q.skin, 0.55 * q.freckles * where * ramp(spots, 0.35, 0.8))


def _age(p: Point, q: Parameters, color: Tensor) -> tuple[Tensor, Tensor]:
    """Folds from nose to mouth, lines on the forehead and beside the eyes, shadows under them."""
    side = p.x.abs()
    fold_x = 0.17 * q.nose_width + (nose_base(q) + 0.06 - p.y) * 0.42
    fold = (
        torch.exp(-(((side - fold_x) / 0.022) ** 2))
        * ramp(p.y, q.mouth_y - 0.05, q.mouth_y + 0.1)
        * ramp(p.y, nose_base(q) + 0.1, nose_base(q))
    )
    folds = fold * (0.12 + 0.5 * q.wrinkles + 0.25 * q.smile.clamp_min(0))
    level = p.y - 0.04 * torch.cos(3 * p.x)
    forehead = (
        torch.exp(-((torch.sin(pi * (level - 0.44) / 0.095) / 0.32) ** 2))
        * ramp(level, 0.38, 0.44)
        * ramp(level, 0.74, 0.62)
        * ramp(side, 0.5, 0.3)
    )
    feet_y = p.y - q.eye_tilt * 0.2
    feet = torch.exp(-((torch.sin(34 * torch.atan2(feet_y, side - q.eye_x - 0.1)) / 0.5) ** 2)) * torch.exp(
        -(((side - q.eye_x - 0.24) / 0.05) ** 2) - (feet_y / 0.09) ** 2
    )
    bags = torch.exp(-(((side - q.eye_x) / 0.11) ** 2) - ((p.y + 0.115) / 0.02) ** 2)
    wrinkles = (folds + q.wrinkles * (0.4 * forehead + 0.4 * feet + 0.35 * bags)).clamp(0, 0.8) * ramp(p.z, 0.1, 0.4)
    return over(color, 0.5 * q.skin, 0.75 * wrinkles), wrinkles


def _moustache(p: Point, q: Parameters, color: Tensor) -> Tensor:
    s = p.x / (q.mouth_width * 1.18)
    top = q.mouth_y + q.lip_upper + 0.035 + 0.08 * (1 - s.abs().clamp(0, 1)) - 0.06 * s * s
    bottom = q.mouth_y + 0.55 * q.lip_upper + 0.01 - 0.05 * s * s
    mask = ramp(top - p.y, -0.02, 0.03) * ramp(p.y - bottom, -0.015, 0.02) * ramp(s.abs(), 1.08, 0.9) * ramp(p.z, 0.3, 0.5)
    hairs = 0.8 + 0.3 * torch.sin(90 * p.x + 14 * p.y) * torch.sin(53 * p.x - 31 * p.y)
    return over(color, 0.75 * q.hair[:, None] * hairs[..., None], 0.95 * q.moustache * mask)


class _Mouth(NamedTuple):
    lips: Tensor
    open: Tensor
    color: Tensor
    line: Tensor


def _mouth(p: Point, q: Parameters, pixel: Tensor) -> _Mouth:
    s = p.x / q.mouth_width
    v = p.y - mouth_line(p.x, q)
    front = ramp(p.z, 0.35, 0.5)
    upper, lower = outer_lips(s, q)
    lips = inside(torch.maximum(v - upper, lower - v), pixel) * front * (s.abs() < 1)
    top, bottom = inner_lips(s, q)
    opened = inside(torch.maximum(v - top, bottom - v), pixel) * front * ramp(q.mouth_open, 0.03, 0.12) * (s.abs() < 0.94)
    teeth = ramp(v - bottom - 0.45 * (top - bottom), 0, 0.02) * ramp(q.smile, -0.2, 0.3)
    gaps = 1 - 0.12 * torch.exp(-((torch.sin(pi * p.x / 0.062) / 0.25) ** 2))
    white = torch.tensor([0.82, 0.78, 0.72], device=p.x.device) * (gaps * (1 - 0.45 * s * s))[..., None]
    dark = torch.tensor([0.07, 0.014, 0.014], device=p.x.device).expand_as(white)
    line = (
        torch.exp(-((v / (0.008 + 0.6 * pixel)) ** 2))
        * front
        * ramp(s.abs(), 1.08, 0.98)
        * (1 - ramp(q.mouth_open, 0.05, 0.15))
    )
    color = over(dark, white, teeth)
    return _Mouth(
        lips * (1 - 0.55 * line), torch.maximum(opened, 0.75 * line), over(color, 0.25 * q.lips, line * (1 - opened)), line
    )


def _brows(p: Point, q: Parameters, pixel: Tensor) -> Tensor:
    u = (p.x.abs() - q.eye_x) / 0.205
    taper = (1 - ramp(u, 0.1, 1.05)) * ramp(u, -1.12, -0.9)
    thick = q.brow_width * (0.25 + 0.75 * taper)
    distance = (p.y - brow_line(u, q)).abs() - thick
    return inside(distance, 2 * pixel + 0.014) * ramp(u.abs(), 1.1, 0.95) * ramp(p.z, 0.25, 0.4)


def _nostrils(p: Point, q: Parameters) -> Tensor:
    x = (p.x.abs() - 0.072 * q.nose_width) / (0.04 * q.nose_width)
    y = (p.y - nose_base(q) + 0.005 - 0.4 * q.nose_tip) / 0.022
    return torch.exp(-((x * x + y * y) ** 1.5)) * ramp(p.z, 0.7, 0.8)


class _Eye(NamedTuple):
    open: Tensor
    color: Tensor
    normal: Tensor
    lash: Tensor
    crease: Tensor


def _eyes(p: Point, normal: Tensor, q: Parameters, pixel: Tensor) -> _Eye:
    side = torch.where(p.x < 0, -1.0, 1.0)
    width = EYE_WIDTH * q.eye_size
    x = p.x.abs() - q.eye_x
    u = x / width
    v = p.y - q.eye_tilt * x
    upper, lower = lids(u, q)
    front = ramp(p.z, 0.25, 0.4)
    opened = inside(torch.maximum(v - upper, lower - v), pixel) * front * (u.abs() < 1)
    big = eye_growth(q)
    ball = 0.235 * big
    flat = torch.stack([side * x / ball, v / ball, torch.zeros_like(v)], dim=2)
    bulge = torch.cat([flat[..., :2], (1 - flat.square().sum(dim=2, keepdim=True)).clamp_min(0.05).sqrt()], dim=2)
    gaze_x, gaze_y = 0.055 * q.gaze_x * side, 0.04 * q.gaze_y + 0.006
    iris_r = 0.076 * q.eye_size**0.7 * big**0.85
    r = ((x - gaze_x) ** 2 + (v - gaze_y) ** 2 + 1e-9).sqrt()
    color = _eyeball(r / iris_r, torch.atan2(v - gaze_y, x - gaze_x), q, pixel / iris_r)
    shade = 1 - 0.5 * torch.exp(-(((upper - v) / 0.045) ** 2)) - 0.18 * u * u
    color = color * shade[..., None]
    aside, above = 0.028 * big * side, 0.03 * big
    glint = inside(((x - gaze_x - aside) ** 2 + (v - gaze_y - above) ** 2 + 1e-9).sqrt() - 0.02 * big, pixel)
    color = over(color, torch.ones(3, device=p.x.device).expand_as(color), 0.92 * glint)
    thick = 0.013 + 0.006 * (1 - q.masculine) / 2 + 0.4 * pixel
    lash = torch.exp(-(((v - upper - 0.3 * thick) / thick) ** 2)) * ramp(u, -1.04, -0.8) * ramp(u, 1.12, 0.98)
    under = 0.35 * torch.exp(-(((v - lower) / (0.5 * thick)) ** 2)) * ramp(u.abs(), 1.02, 0.85)
    crease_y = upper * 0.9 + 0.052 * q.eye_size
    crease = torch.exp(-(((v - crease_y) / 0.012) ** 2)) * ramp(u, -1.0, -0.5) * ramp(u, 1.25, 0.8) * front
    return _Eye(opened, color, bulge, (lash + under).clamp(0, 1) * front, crease * (1 - opened))


def _eyeball(r: Tensor, angle: Tensor, q: Parameters, pixel: Tensor) -> Tensor:
    """White, iris with a dark edge and rays, pupil; `r` in radii of the iris."""
    white = torch.tensor([0.80, 0.78, 0.76], device=r.device).expand(*r.shape, 3)
    rays = 1 + 0.16 * torch.sin(11 * angle) * torch.sin(17 * angle + 1)
    glow = (0.75 + 0.75 * ramp(r, 0.95, 0.35)) * rays
    iris = q.iris[:, None] * glow[..., None] * (1 - 0.75 * ramp(r, 0.78, 1.0))[..., None]
    color = over(white, iris, inside(r - 1, pixel))
    return over(color, torch.full_like(color, 0.006), inside(r - 0.44, pixel))
