"""Texture of the face: skin and features.

It is defined in the head's frame, where features do not move. Masks have soft edges about one pixel wide, so that edges are
smooth at any resolution.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .complexion import complexion
from .coordinates import ramp
from .eyes import near_eyes, paint_eyes
from .geometry import Point, nose_base
from .grain import grain
from .landmarks import brow_line
from .mouth import near_mouth, paint_mouth
from .parameters import Parameters

__all__ = ["Surface", "over", "paint_skin"]


class Surface(NamedTuple):
    """Texture at P points; all fields but the first three are ``[N, P]``."""

    color: Tensor  # linear RGB [N, P, 3]
    normal: Tensor  # [N, P, 3]
    light: Tensor  # emitted by the surface itself: the highlights in the eyes [N, P, 1]
    gloss: Tensor  # strength of the highlight
    sharp: Tensor  # its exponent
    eyes: Tensor  # masks, for painted styles
    lips: Tensor
    brows: Tensor
    mouth: Tensor  # inside of an open mouth, teeth included
    teeth: Tensor
    lines: Tensor  # lash lines, mouth line, lid creases, which line drawings use


def over(base: Tensor, color: Tensor, mask: Tensor) -> Tensor:
    """Blend `color` ``[N, P, 3]`` or ``[N, 3]`` over `base` by `mask` ``[N, P]``."""
    color = color[:, None] if color.ndim == 2 else color
    return base + mask[..., None] * (color - base)


def paint_skin(p: Point, normal: Tensor, light: Tensor, q: Parameters, pixel: Tensor) -> Surface:
    """Texture of the face.

    Each feature is computed only at the points that it may cover.

    Args:
        p: points in the head's frame.
        normal: ``[N, P, 3]``, normals of the surface there.
        light: direction to the key light in the head's frame, ``[N, 3]``.
        q: parameters of the portraits.
        pixel: size of a pixel in head units, ``[N, 1]``.
    """
    bare = complexion(p, q, pixel)
    zero = torch.zeros_like(p.x)
    color = _moustache(p, q, bare.color)
    nostril = _nostrils(p, q)
    color = color * (1 - nostril[..., None] * torch.tensor([0.72, 0.84, 0.86], device=color.device))
    brows = _brows(p, q, pixel)
    color = over(color, q.brow * 0.94 + 0.06 * q.skin, brows)
    surface = Surface(
        color,
        normal + torch.cat([bare.tilt, zero[..., None]], dim=2),
        zero[..., None],
        0.06 * bare.oil * q.oil * (1 - 0.7 * brows),
        12 + 14 * q.oil + zero,
        *(zero, zero, brows, zero, zero),
        0.5 * bare.folds,
    )
    surface = _within(surface, near_mouth(p, q), lambda some, part: _add_mouth(some, part, q, pixel), p)
    return _within(surface, near_eyes(p, q), lambda some, part: _add_eyes(some, part, light, q, pixel), p)


def _within(surface: Surface, near: Tensor, paint: Callable[[Surface, Point], Surface], p: Point) -> Surface:
    """Apply `paint` only at points that are `near` ``[N, P]`` in some portrait."""
    index = near.any(dim=0).nonzero()[:, 0]
    if not len(index):
        return surface
    painted = paint(Surface(*(values[:, index] for values in surface)), Point(*(axis[:, index] for axis in p)))
    return Surface(*(values.index_copy(1, index, new) for values, new in zip(surface, painted, strict=True)))


def _add_mouth(surface: Surface, p: Point, q: Parameters, pixel: Tensor) -> Surface:
    mouth = paint_mouth(p, q, pixel)
    wet = mouth.lips * (1 - mouth.open)
    lips = q.lips[:, None] * (1 + 0.06 * grain(p.x, p.y, 0.03)[..., 0, None])
    color = over(surface.color, lips, (0.92 * mouth.lips).clamp(0, 1))
    dark = torch.tensor([0.62, 0.8, 0.8], device=color.device)
    color = color * (1 - (0.85 * mouth.line + 0.4 * mouth.corner).clamp(0, 1)[..., None] * dark)
    color = over(color, mouth.color, mouth.open)
    tilt = torch.cat([mouth.tilt, torch.zeros_like(wet)[..., None]], dim=2)
    return surface._replace(
        color=color,
        normal=surface.normal + tilt * (1 - mouth.open)[..., None],
        gloss=(surface.gloss * (1 - mouth.lips) + wet * (0.045 + 0.07 * q.makeup)) * (1 - mouth.open) + 0.1 * mouth.teeth,
        sharp=surface.sharp + 22 * mouth.lips,
        lips=mouth.lips,
        mouth=mouth.open,
        teeth=mouth.teeth,
        lines=torch.maximum(surface.lines, torch.maximum(mouth.line, 0.4 * mouth.corner)),
    )


def _add_eyes(surface: Surface, p: Point, light: Tensor, q: Parameters, pixel: Tensor) -> Surface:
    eye = paint_eyes(p, light, q, pixel)
    device = p.x.device
    tired = (eye.hollow * q.hollow)[..., None] * torch.tensor([0.36, 0.46, 0.38], device=device)
    color = surface.color * (1 - tired)
    color = over(color, q.shadow, 0.55 * q.makeup * eye.lid)
    color = color * (1 - 0.8 * eye.crease[..., None] * torch.tensor([0.6, 0.78, 0.8], device=device))
    color = over(color, eye.color, eye.open)
    flesh = 0.75 * q.skin + 0.25 * torch.tensor([0.55, 0.22, 0.19], device=device)
    color = over(color, flesh, 0.6 * eye.rim)
    color = over(color, 0.12 * q.brow + 0.006, eye.lash)
    still = (1 - eye.lash) * (1 - eye.open)
    return surface._replace(
        color=color,
        normal=over(surface.normal, eye.normal, eye.open),
        light=(0.9 * eye.glint * (1 - eye.lash))[..., None],
        gloss=surface.gloss * still + 0.02 * eye.open + 0.06 * eye.rim,
        eyes=eye.open,
        lines=torch.maximum(surface.lines, torch.maximum(eye.lash, 0.6 * eye.crease)),
    )


def _moustache(p: Point, q: Parameters, color: Tensor) -> Tensor:
    s = p.x / (q.mouth_width * 1.18)
    top = q.mouth_y + q.lip_upper + 0.035 + 0.08 * (1 - s.abs().clamp(0, 1)) - 0.06 * s * s
    bottom = q.mouth_y + 0.55 * q.lip_upper + 0.01 - 0.05 * s * s
    mask = ramp(top - p.y, -0.03, 0.05) * ramp(p.y - bottom, -0.02, 0.025) * ramp(s.abs(), 1.1, 0.8) * ramp(p.z, 0.3, 0.5)
    hairs = grain(p.x - 0.35 * p.x.sign() * (p.y - q.mouth_y), p.y, (0.016, 0.11))
    cover = ramp(mask + 0.22 * hairs[..., 0], 0.15, 0.75) * ramp(mask, 0.0, 0.2)
    return over(color, q.hair[:, None] * (0.8 + 0.25 * hairs[..., 1, None]).clamp_min(0.2), 0.95 * q.moustache * cover)


def _brows(p: Point, q: Parameters, pixel: Tensor) -> Tensor:
    """Hairs that rise at the nose and lie flat towards the temple, denser along the middle."""
    u = (p.x.abs() - q.eye_x) / 0.205
    taper = (1 - ramp(u, 0.0, 1.15)) * ramp(u, -1.25, -0.75)
    thick = q.brow_width * (0.3 + 0.7 * taper)
    away = (p.y - brow_line(u, q)) / (thick + 0.4 * pixel)
    lean = 0.3 + 0.9 * ramp(u, -1.0, 0.2)
    hairs = grain(p.x.abs() - lean * (p.y - q.brow_y), p.y + 2 * p.x.sign(), (0.013, 0.07))
    body = torch.exp(-0.75 * away.abs() ** 2.6) * ramp(u, 1.15, 0.55) * ramp(u, -1.2, -0.6)
    strands = ramp(body + (0.16 + 0.2 * (1 - body)) * hairs[..., 0], 0.22, 0.85)
    return (0.55 * body + 0.38 * strands) * ramp(body, 0.0, 0.15) * ramp(p.z, 0.25, 0.4)


def _nostrils(p: Point, q: Parameters) -> Tensor:
    x = (p.x.abs() - 0.072 * q.nose_width) / (0.042 * q.nose_width)
    y = (p.y - nose_base(q) + 0.008 - 0.4 * q.nose_tip) / 0.02
    return 0.85 * torch.exp(-((x * x + y * y) ** 1.2)) * ramp(p.z, 0.7, 0.8)
