"""Eyes: lids, lashes, sclera, iris and pupil, in the head's frame.

Several cues make an eye look alive. The upper lid hides the top of the iris and shades the eyeball. The sclera is a dull
pinkish grey that darkens towards the corners. A single highlight shows the direction of the light.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .coordinates import ramp
from .geometry import Point, eye_growth
from .grain import grain
from .landmarks import EYE_WIDTH, lids
from .light import dimmed
from .parameters import Parameters

__all__ = ["EyePaint", "near_eyes", "paint_eyes"]

IRIS = 0.069  # radius for an eye of natural size
PUPIL = 0.4  # radius in radii of the iris


class EyePaint(NamedTuple):
    """Masks ``[N, P]``, colours and normals ``[N, P, 3]``."""

    open: Tensor  # the opening between the lids
    color: Tensor  # of the eyeball
    normal: Tensor  # of the eyeball
    glint: Tensor  # the highlight
    lash: Tensor
    rim: Tensor  # wet edge of the lower lid
    crease: Tensor
    lid: Tensor  # skin between lashes and brow, for eye shadow
    hollow: Tensor  # shadow under the eye and beside the nose


def near_eyes(p: Point, q: Parameters) -> Tensor:
    """Mask ``[N, P]`` of points that an eye, its lids or its make-up may cover."""
    wide = 2.1 * EYE_WIDTH * q.eye_size
    return ((p.x.abs() - q.eye_x).abs() < wide) & (p.y.abs() < 1.1 * wide) & (p.z > 0.25)


def paint_eyes(p: Point, light: Tensor, q: Parameters, pixel: Tensor) -> EyePaint:
    """Shade both eyes; `light` ``[N, 3]`` points to the key light in the head's frame."""
    side = torch.where(p.x < 0, -1.0, 1.0)
    x = p.x.abs() - q.eye_x
    u = x / (EYE_WIDTH * q.eye_size)
    v = p.y - q.eye_tilt * x
    upper, lower = lids(u, q)
    front = ramp(p.z, 0.25, 0.4)
    away = torch.maximum(v - upper, lower - v)
    opened = ((0.5 * pixel - away) / (pixel + 0.003)).clamp(0, 1) * front * (u.abs() < 1)
    big = eye_growth(q)
    ball = 0.235 * big
    flat = torch.stack([side * x / ball, v / ball], dim=2)
    bulge = torch.cat([flat, (1 - flat.square().sum(dim=2, keepdim=True)).clamp_min(0.05).sqrt()], dim=2)
    iris_r = IRIS * q.eye_size**0.7 * big**0.85
    gaze_x, gaze_y = 0.05 * q.gaze_x, 0.03 * q.gaze_y + 0.22 * iris_r
    dx, dy = side * x - gaze_x, v - gaze_y  # from the pupil, in image directions
    r = (dx * dx + dy * dy + 1e-9).sqrt()
    color = _eyeball(r / iris_r, torch.atan2(dy, dx), dy / iris_r, u, q, pixel / iris_r)
    drop = (upper - v) / (0.042 * q.eye_size)
    shade = (1 - 0.62 * torch.exp(-(drop.clamp_min(0) ** 1.4))) * (1 - 0.42 * ramp(u.abs(), 0.55, 1.0))
    shade = shade * (1 - 0.2 * torch.exp(-(((v - lower) / 0.015) ** 2)))
    crease, lid, hollow = _around(u, v, upper, lower, q)
    return EyePaint(
        opened,
        color * shade[..., None],
        bulge,
        _glint(dx, dy, light, iris_r, q, pixel) * opened,
        _lashes(u, v, upper, lower, q, pixel) * front,
        torch.exp(-(((v - lower - 0.004) / (0.006 + 0.4 * pixel)) ** 2)) * ramp(u.abs(), 1.0, 0.8) * front,
        crease * front * (1 - opened),
        lid * front * (1 - opened),
        hollow * front,
    )


def _glint(dx: Tensor, dy: Tensor, light: Tensor, iris_r: Tensor, q: Parameters, pixel: Tensor) -> Tensor:
    """Reflection of the key light in the cornea, at the half-vector of light and viewer on a small sphere."""
    half = light + torch.tensor([0.0, 0.0, 1.0], device=light.device)
    half = half / half.norm(dim=1, keepdim=True)
    aside, above = 1.25 * iris_r * half[:, :1], 1.25 * iris_r * half[:, 1:2]
    size = iris_r * (0.13 + 0.13 * q.light_size)
    away = ((dx - aside) ** 2 + (dy - above) ** 2 + 1e-9).sqrt()
    glint: Tensor = ((0.5 * pixel + size - away) / (pixel + 0.004)).clamp(0, 1)
    return glint


def _eyeball(r: Tensor, angle: Tensor, height: Tensor, u: Tensor, q: Parameters, pixel: Tensor) -> Tensor:
    """Sclera, iris with fibres and a dark limbus, pupil; `r` and `height` in radii of the iris."""
    dim = dimmed(q)
    white = (torch.tensor([0.56, 0.51, 0.47], device=r.device) * dim)[:, None]
    corner = (torch.tensor([0.42, 0.24, 0.20], device=r.device) * dim)[:, None]
    red = (0.75 * ramp(-u, 0.66, 0.98) + 0.35 * ramp(u, 0.7, 1.0))[..., None]
    color = white + red * (corner - white)
    fibres = grain(angle, r, (0.11, 0.5))[..., 0]
    warm = torch.tensor([1.12, 1.0, 0.86], device=r.device)
    lit = 0.66 + 0.5 * ramp(r, 0.95, 0.45) - 0.45 * height.clamp(-0.8, 0.8) + 0.16 * fibres
    iris = q.iris[:, None] * (1 + (warm - 1) * ramp(r, 0.75, 0.45)[..., None]) * lit[..., None].clamp_min(0.2)
    iris = iris * (1 - 0.72 * ramp(r, 0.76, 0.98))[..., None]
    color = color + ((1.0 + 0.5 * pixel - r) / (pixel + 0.12)).clamp(0, 1)[..., None] * (iris - color)
    pupil = ((PUPIL + 0.5 * pixel - r) / (pixel + 0.06)).clamp(0, 1)[..., None]
    seen: Tensor = color * (1 - pupil) + 0.004 * pupil
    return seen


def _lashes(u: Tensor, v: Tensor, upper: Tensor, lower: Tensor, q: Parameters, pixel: Tensor) -> Tensor:
    """A dark line on the upper lid with lashes, and a faint row on the lower lid."""
    along = ramp(u, -1.0, -0.4) * ramp(u, 1.1, 0.95)
    thick = 0.009 + 0.004 * (1 - q.masculine) + 0.008 * q.makeup + 0.3 * pixel
    line = torch.exp(-(((v - upper - 0.2 * thick) / thick) ** 2)) * (0.35 + 0.65 * along) * ramp(u.abs(), 1.12, 0.98)
    rise = v - upper
    reach = (0.016 + 0.018 * ramp(u, -0.4, 0.9)) * (1 + 0.5 * q.makeup - 0.25 * q.masculine)
    hairs = grain(u - 3.2 * rise * (u + 0.25), 0 * u, 0.05)[..., 1]
    sweep = ramp(rise, reach, 0.2 * reach) * ramp(rise, -0.006, 0.004) * ramp(hairs, -0.6, 0.8) * along
    under = 0.3 * torch.exp(-(((v - lower + 0.006) / (0.006 + 0.4 * pixel)) ** 2)) * ramp(u, -0.7, 0.3) * ramp(u, 1.05, 0.9)
    return torch.maximum(line, torch.maximum(0.6 * sweep, under * (0.6 + 0.8 * q.makeup)))


def _around(u: Tensor, v: Tensor, upper: Tensor, lower: Tensor, q: Parameters) -> tuple[Tensor, Tensor, Tensor]:
    """The fold of the upper lid, the lid up to above the fold, and the hollows below and beside the nose."""
    fold = 0.85 * upper + 0.034 * q.eye_size
    crease = torch.exp(-(((v - fold) / 0.013) ** 2)) * ramp(u, -1.05, -0.5) * ramp(u, 1.35, 0.8)
    lid = ramp(v - upper, 0.0, 0.01) * ramp(v - fold, 0.07, 0.0) * ramp(u, -1.25, -0.5) * ramp(u, 1.6, 0.8)
    trough = torch.exp(-(((v - lower + 0.055 - 0.02 * u) / 0.035) ** 2)) * ramp(u, 1.2, 0.2) * ramp(u, -1.6, -0.9)
    beside = torch.exp(-(((u + 1.25) / 0.35) ** 2) - ((v - 0.02) / 0.07) ** 2)
    return crease, lid, (trough + 0.7 * beside).clamp(0, 1)
