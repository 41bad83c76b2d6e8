"""Clothes, hats and scarves, glasses, earrings."""

from typing import NamedTuple

import torch
from torch import Tensor

from .camera import CAMERA, Pose
from .coordinates import ramp
from .geometry import Number, Point, capsule, mirrored, smooth_max, smooth_min
from .grain import grain
from .parameters import Parameters
from .texture import over

__all__ = ["Glasses", "cloth", "cloth_color", "earrings", "glasses", "hat", "hat_color"]


def _inside(distance: Tensor, pixel: Tensor) -> Tensor:
    """Soft mask, 1 where a distance is negative, with an edge one pixel wide."""
    return ((0.5 * pixel - distance) / pixel).clamp(0, 1)


def _noise(u: Tensor, v: Tensor, seed: int) -> Tensor:
    """A smooth field in about [-1, 1] with lumps one unit wide."""
    return 0.5 * grain(u + 31.7 * seed, v + 17.3 * seed, 1.0)[..., seed % 4]


def _disc(p: Point, at: tuple[Number, Number, Number], radius: Number, thick: float) -> Tensor:
    """Distance of a flat disc with a round edge, whose axis is y."""
    x, y, z = p.x - at[0], p.y - at[1], p.z - at[2]
    beyond = ((x * x + z * z + 1e-9).sqrt() - radius).clamp_min(0)
    return (beyond * beyond + y * y + 1e-9).sqrt() - thick


def hat(p: Point, q: Parameters, d_scalp: Tensor) -> Tensor:
    """Distance of a beanie, cap, brimmed hat or head scarf on the head (scalp at `d_scalp`), in the head's frame."""
    if not q.hat.any():
        return d_scalp + 2.0
    edge = 0.47 - 0.42 * ramp(p.z, 0.5, -0.5)
    height = ramp(p.y, 0.45, 1.0)
    rib = 0.012 * q.hat_knit * torch.sin(44 * torch.atan2(p.x, p.z + 0.15)) * ramp(p.y, 0.95, 0.75)
    crown = smooth_max(d_scalp - 0.075 - (0.1 * q.hat_knit + 0.16 * q.hat_brim) * height - rib, edge - p.y, 0.03)
    bent = Point(p.x, p.y - 0.12 * p.x * p.x, p.z)
    brim = _disc(bent, (0, 0.43, -0.15), 1.42, 0.022) + 0.6 * (1 - q.hat_brim)
    peaked = Point(p.x, p.y + 0.3 * p.x * p.x + 0.12 * (p.z - 0.8), p.z)
    peak = _disc(peaked, (0, 0.49, 0.62), 0.66, 0.022) + 0.6 * (1 - q.hat_peak)
    d = smooth_min(crown, torch.minimum(brim, peak), 0.02) + 0.4 * q.hat_scarf
    if q.hat_scarf.any():
        d = smooth_min(d, _head_scarf(p, q, d_scalp) + 0.4 * (1 - q.hat_scarf), 0.02)
    return 0.85 * d + 2.0 * (1 - q.hat)


def _head_scarf(p: Point, q: Parameters, d_scalp: Tensor) -> Tensor:
    """Cloth around head and neck, open at the face."""
    folds = 0.02 * torch.sin(13 * p.y + 5 * p.x + 3 * torch.sin(4 * p.z)) * ramp(p.y, -0.6, -1.0)
    wrap = capsule(p, (0, -0.95, -0.12), (0, -1.75, -0.25), (0.56, 0.72)) + folds
    d = smooth_min(d_scalp - 0.13, wrap, 0.25)
    x, y = p.x / (0.66 * q.face_width), (p.y + 0.33) / (0.86 * q.forehead)
    oval = ((x * x + y * y + 1e-9).sqrt() - 1) * 0.66
    return smooth_max(d, -smooth_max(oval, 0.05 - p.z, 0.1), 0.05)


def hat_color(p: Point, q: Parameters) -> Tensor:
    """Knitted, woven or plain, with a band around a brimmed hat; linear RGB ``[N, P, 3]``."""
    around = torch.atan2(p.x, p.z + 0.15)
    knit = 1 + 0.3 * q.hat_knit * torch.sin(44 * around) * torch.sin(70 * p.y + 2 * torch.sin(44 * around))
    straw = 1 + 0.2 * q.hat_brim * torch.sin(60 * (p.x * p.x + (p.z + 0.15) ** 2).sqrt()) * torch.sin(90 * around)
    tone = knit * straw * (1 + 0.1 * _noise(5 * p.x, 5 * p.y, 31))
    band = q.hat_brim * ramp(p.y, 0.47, 0.49) * ramp(p.y, 0.63, 0.61)
    return over(q.hat_color[:, None] * tone[..., None], 0.12 * q.hat_color, 0.9 * band)


def cloth(p: Point, q: Parameters, neck: Tensor, trunk: Tensor) -> Tensor:
    """Distance of the clothes over neck and trunk (see `geometry.body`), in the body's frame."""
    m = mirrored(p)
    high = ramp(q.collar, 0.78, 0.92)
    turtle = capsule(p, (0, -1.2, -0.29), (0, -1.75, -0.36), (q.neck + 0.055, q.neck + 0.1)) + 0.2 * (1 - high)
    d = smooth_min(smooth_min(neck + 0.015, trunk, 0.3), turtle, 0.05)
    # The neckline: a slanted plane around the neck, with a V in front for some, low for a dress.
    deep = (ramp(q.collar, 0.45, 0.6) * (1 - high) + 0.6 * q.shirt + q.suit).clamp_max(1)
    front = ramp(p.z, -0.3, 0.1)
    vee = deep * (0.42 - 1.15 * m.x).clamp_min(0) * front
    line = p.y + 1.5 + 0.16 * front + vee - 0.62 * high * ramp(m.x, 0.75, 0.5) + q.bare * (0.35 + 0.1 * m.x)
    return smooth_min(smooth_max(d, line, 0.02), _collar(p, m, q, front), 0.02)


def _collar(p: Point, m: Point, q: Parameters, front: Tensor) -> Tensor:
    """A ring around the neck: a shirt's collar (open in front), a hood, or a scarf."""
    some = (q.shirt + q.suit + q.hood + q.scarf).clamp(0, 1)
    stiff = (q.shirt + q.suit).clamp_max(1)
    wide = 0.09 + 0.17 * q.hood + 0.1 * q.scarf
    thick = 0.022 + 0.11 * q.hood + 0.12 * q.scarf
    y = p.y + 1.5 + 0.2 * front + 0.05 * q.hood
    folds = 0.03 * (q.scarf + 0.5 * q.hood) * torch.sin(16 * y + 4 * p.x + 2 * torch.sin(6 * p.x))
    around = (p.x * p.x + (p.z + 0.32) ** 2 + 1e-9).sqrt() - (q.neck + wide) + 0.35 * y * stiff
    tall = (y.abs() - 0.1 * stiff).clamp_min(0)
    ring = (around * around + tall * tall + 1e-9).sqrt() - thick + folds
    slit = 0.14 - 0.7 * y - m.x
    ring = torch.maximum(ring, stiff * (torch.minimum(slit, p.z + 0.1) + 0.5) - 0.5)
    return 0.85 * ring + 0.4 * (1 - some)


def cloth_color(p: Point, q: Parameters) -> Tensor:
    """Plain, striped, plaid or knitted; a suit shows its shirt and tie between the lapels."""
    fold = _noise(2.2 * p.x + 0.8 * p.y, 1.6 * p.y - 1.2 * p.x, 21) + 0.5 * _noise(6 * p.x, 3 * p.y, 22)
    stripe = ramp(torch.sin(17 * p.y + 1.5 * torch.cos(1.2 * p.x)), -0.25, 0.25)
    x, y = torch.sin(24 * p.x), torch.sin(24 * p.y)
    plaid = 0.4 * ramp(x, 0.3, 0.5) + 0.4 * ramp(y, 0.3, 0.5) + 0.2 * ramp(torch.maximum(x, y), 0.96, 0.99)
    color = q.cloth[:, None] * (1 + 0.13 * fold)[..., None]
    color = over(color, q.cloth2, q.stripes * (stripe + q.plaid * (plaid - stripe)))
    knit = torch.sin(75 * p.x) * torch.sin(60 * p.y + 2 * torch.sin(75 * p.x).abs())
    color = color * (1 + 0.22 * q.knit * knit)[..., None]
    side, down = p.x.abs(), -p.y - 1.55
    opening = ramp(0.3 - 0.34 * down - side, -0.01, 0.01) * ramp(p.z, -0.4, -0.2)
    lapel = ramp((side - 0.3 + 0.34 * down - 0.17 * ramp(down, 0.9, 0.2)).abs(), 0.012, 0.004) * ramp(p.z, -0.4, -0.2)
    tie = opening * ramp(0.045 + 0.05 * down - side, -0.01, 0.01) * ramp(q.masculine, 0.2, 0.4)
    white = torch.tensor([0.82, 0.83, 0.85], device=p.x.device)
    color = over(color, 0.35 * q.cloth, 0.8 * lapel * q.suit)
    color = over(color, white * (0.6 + 0.4 * q.cloth2), opening * q.suit)
    return over(color, q.frame + 0.4 * q.cloth2.flip(1) * 0.6, tie * q.suit)


def earrings(p: Point, q: Parameters, pixel: Tensor) -> Tensor:
    """Coverage of studs on the lobes of the ears."""
    side, up, ahead = p.x.abs() - 0.84 * q.face_width, p.y + 0.3, p.z + 0.04
    return q.earrings * _inside((side * side * 0.3 + up * up + ahead * ahead + 1e-9).sqrt() - 0.04, pixel)


class Glasses(NamedTuple):
    """Coverage at each ray, ``[N, P]``."""

    frame: Tensor
    lens: Tensor
    glare: Tensor  # reflections on the lenses


def glasses(q: Parameters, head: Pose, depth: Tensor, rays: Tensor, pixel: Tensor) -> Glasses:
    """Rims and bridge in a plane in front of the eyes, and the temples, seen along `rays` up to `depth`."""
    origin = head.to_part(torch.tensor([[[0.0, 0.0, CAMERA]]], device=depth.device))
    ray = head.turn_to_part(rays)
    plane = 0.93
    t = (plane - origin[..., 2]) / ray[..., 2]
    x, y = origin[..., 0] + t * ray[..., 0], origin[..., 1] + t * ray[..., 1]
    outline, thick = _lenses(x, y, q)
    bridge_y = y - 0.02 - 0.05 * (1 - (x / 0.2) ** 2)
    span = x.abs() - (q.eye_x - 0.2)
    bridge = torch.maximum(bridge_y.abs() - 0.6 * thick, span)
    seen = ramp(depth - t, -0.03, 0.0) * q.glasses
    lens = _inside(outline, pixel) * seen
    rim = _inside(outline.abs() - thick, pixel) * (1 - 0.93 * q.glasses_rimless)
    flat = torch.maximum(rim, _inside(bridge, pixel)) * seen
    temples = torch.maximum(_temple(origin, ray, depth, q, 1.0, pixel), _temple(origin, ray, depth, q, -1.0, pixel))
    slant = (x.abs() - q.eye_x) * torch.sign(x) + 0.55 * y + 0.06 - 0.08 * q.light[:, :1]
    streak = ramp(slant.abs(), 0.06, 0.035) + 0.6 * ramp((slant - 0.12).abs(), 0.03, 0.015)
    return Glasses(torch.maximum(flat, q.glasses * temples), lens, lens * streak.clamp_max(1) * (0.07 + 0.12 * q.glasses_dark))


def _lenses(x: Tensor, y: Tensor, q: Parameters) -> tuple[Tensor, Tensor]:
    """Distance from the lenses' outline in their plane, negative inside, and half the width of the rim."""
    soft = q.glasses_round
    out = (x.abs() - q.eye_x - 0.01) / 0.22
    half_x = 0.215 + 0.02 * q.glasses_drop + 0.02 * q.glasses_dark
    half_y = 0.135 + 0.055 * soft + 0.03 * q.glasses_drop
    # Cat-eye frames rise outwards; aviators drop outwards and narrow towards the nose.
    lifted = y + 0.04 - 0.055 * q.glasses_cat * out * out.clamp_min(0) + 0.05 * q.glasses_drop * ramp(-y, -0.1, 0.2) * out
    corner = 0.05 + (half_y - 0.055) * torch.maximum(soft, 0.75 * q.glasses_drop)
    dx, dy = 0.22 * out.abs() - half_x + corner, lifted.abs() - half_y + corner
    outline = torch.maximum(dx, dy).clamp_max(0) + (dx.clamp_min(0) ** 2 + dy.clamp_min(0) ** 2 + 1e-9).sqrt() - corner
    upper = 1 + 0.6 * q.glasses_cat * ramp(lifted, 0.0, 0.1)
    return outline, (0.007 + 0.017 * q.glasses_thick) * upper


def _temple(origin: Tensor, ray: Tensor, depth: Tensor, q: Parameters, side: float, pixel: Tensor) -> Tensor:
    """The temple from rim to ear: closest approach of each ray to a segment."""
    edge = side * (q.eye_x + 0.235)
    start = torch.stack([edge, torch.full_like(edge, 0.05), torch.full_like(edge, 0.93)], dim=2)
    end = torch.stack([side * (0.86 * q.face_width), torch.full_like(edge, 0.06), torch.full_like(edge, 0.0)], dim=2)
    along, gap = end - start, origin - start
    bb, br, bg = (along * along).sum(2), (along * ray).sum(2), (along * gap).sum(2)
    rg = (ray * gap).sum(2)
    s = ((bg - br * rg) / (bb - br * br).clamp_min(1e-4)).clamp(0, 1)
    t = br * s - rg
    away = (gap + ray * t[..., None] - along * s[..., None]).norm(dim=2)
    covered: Tensor = ((0.01 + 0.008 * q.glasses_thick + 0.5 * pixel - away) / pixel).clamp(0, 1) * ramp(depth - t, -0.04, 0.0)
    return covered
