"""The shape of hair and beard, as signed distances and as growth masks.

Points and distances are as in `geometry`, in the head's frame. Hair is a layer on the head whose thickness falls to 0 at the
hairline, so that it has no rim; `strands` breaks its edge into hairs.
"""

import torch
from torch import Tensor

from .coordinates import ramp
from .geometry import Point, capsule, ellipsoid, mirrored, smooth_max, smooth_min, sphere
from .parameters import Parameters

__all__ = ["beard", "beard_mask", "grown", "hair", "hairline"]


def lumps(p: Point) -> Tensor:
    """A wavy field in about [-1, 1] that forms curls."""
    a = torch.sin(9.1 * p.x + 2.0 * torch.sin(3.7 * p.y)) * torch.sin(8.3 * p.y + 1.7 * torch.sin(4.1 * p.z))
    return a * torch.sin(8.7 * p.z + 1.3 * torch.sin(5.3 * p.x)) + 0.5 * torch.sin(17 * p.x + 3 * p.z) * torch.sin(
        15 * p.y - 2 * p.x
    )


def hairline(p: Point, q: Parameters) -> Tensor:
    """Height of the hairline at each x, including fringe and parting."""
    side = (p.x - 0.35 * q.parting) / 0.62
    corners = q.receding * 0.2 * torch.exp(-(((p.x.abs() - 0.42) / 0.2) ** 2))
    line = q.hairline * q.forehead - 0.07 * side * side - 0.17 * side**4 + 0.05 * q.lifted + corners + 0.04 * q.receding
    across = (p.x - q.parting) / 0.9
    locks = 0.035 * torch.sin(9 * p.x + 5 * q.parting) + 0.03 * q.hair_messy * torch.sin(21 * p.x - 7 * q.parting)
    swept = 0.36 + 0.34 * across * torch.tanh(6 * q.parting) + locks
    return line + q.fringe * (swept - line)


def grown(p: Point, q: Parameters) -> Tensor:
    """Distance of a point on the scalp from the edge of the hair; negative on the face and on bald scalp."""
    side = p.x.abs()
    crown = 0.8 * (p.y - hairline(p, q))
    before_ear = 0.3 - 0.14 * ramp(p.y, 0.25, -0.1) - p.z
    low = -0.12 - 0.6 * ramp(p.z, -0.05, -0.6)
    low = low - 0.45 * q.hair_sides * ramp(side, 0.4, 0.7)
    temple = torch.minimum(before_ear, p.y - low)
    inside = smooth_max(torch.minimum(crown, 0.5 - 0 * crown), temple, 0.14)
    up, ahead = (p.y + 0.09) / 1.35, p.z + 0.07
    ear = (up * up + ahead * ahead + 1e-6).sqrt() - 0.19 + ramp(side, 0.75, 0.6) + 0.6 * q.hair_sides
    inside = torch.minimum(inside, ear)
    horseshoe = 0.06 + 0.75 * ramp(p.y, 0.2, 0.62) + 0.5 * ramp(p.z, -0.3, 0.3)
    return inside - q.bald * horseshoe


def thickness(p: Point, q: Parameters, inside: Tensor) -> Tensor:
    """Thickness of the hair layer; negative without hair."""
    up = ramp(p.y, 0.05, 0.85)
    front = ramp(p.z, -0.2, 0.7) * ramp(p.y, 0.35, 0.8)
    profile = q.fade + (1 - q.fade) * up + (0.7 + 0.3 * torch.tanh(3 * p.x * torch.sign(-q.parting))) * 0.9 * q.lifted * front
    full = q.hair_volume * profile * ramp(inside, -0.02, 0.2 + 1.2 * q.hair_volume)
    parted = 1 - 0.45 * q.parted * torch.exp(-(((p.x - q.parting) / 0.05) ** 2)) * ramp(p.y, 0.3, 0.6)
    return full * parted - 0.1 * ramp(inside, 0.06, -0.25)


def hair(p: Point, q: Parameters, d_scalp: Tensor) -> Tensor:
    """Distance of the hair: a layer on the scalp (at distance `d_scalp`), plus hanging, raised and tied hair."""
    thick = thickness(p, q, grown(p, q))
    around = torch.atan2(p.x - 0.3 * q.parting, p.z + 0.9)
    clumps = torch.sin(9 * around + 2 * torch.sin(4 * p.y)) * 0.6 + torch.sin(21 * around + 3 * p.y)
    clumps = clumps + 0.5 * torch.sin(6.5 * p.y + 5 * around) + 0.4 * torch.sin(47 * around + 9 * p.y)
    d = d_scalp - thick * (1 + 0.1 * clumps * q.hair_messy)
    if q.hair_curl.any():
        d = d + 0.06 * q.hair_curl * lumps(p) * ramp(thick, 0.02, 0.14)
    m = mirrored(p)
    if q.hair_back.any():
        d = smooth_min(d, hanging(p, m, q, clumps), 0.1)
    if q.bun.any():
        knot = sphere(p, (0, 0.9 * q.head_height + 0.16, -0.5), 0.33 * q.bun - 0.3 * (1 - q.bun))
        d = smooth_min(d, knot + 0.012 * torch.sin(24 * p.y + 9 * p.x) * torch.sin(11 * p.x + 3), 0.05)
    return 0.8 * d


def hanging(p: Point, m: Point, q: Parameters, clumps: Tensor) -> Tensor:
    """Hair behind and beside the neck, down to its length."""
    low = -q.hair_length
    fall = 0.5 * (0.5 + low)
    volume = q.hair_volume
    wave = (0.035 + 0.03 * q.hair_curl) * torch.sin(5.5 * p.y + 2 * torch.sin(3 * p.x)) * ramp(p.y, 0.2, -0.3)
    width = 0.74 * q.face_width + 0.6 * volume
    back = ellipsoid(p, (0, fall, -0.4), (width + 0.08, (0.62 - fall + 0.06).clamp_min(0.3), 0.42))
    moved = Point(m.x + wave, m.y, m.z)
    edge = 0.78 * q.face_width + 0.45 * volume
    middle = (edge - 0.01, 0.5 * low, -0.14)
    upper = capsule(moved, (edge - 0.14, 0.4, -0.14), middle, (0.14 + 0.3 * volume, 0.21))
    tips = low - 0.06 * clumps * q.hair_messy  # hair ends in locks of different lengths
    lower = capsule(moved, middle, (edge - 0.04, tips, -0.05), (0.21, 0.035))
    d = smooth_min(back, smooth_min(upper, lower, 0.1) + 0.03 * clumps * ramp(p.y - low, 0.5, 0.0), 0.25)
    return d - 0.018 * clumps * q.hair_messy + 0.9 * (1 - q.hair_back)


def beard(p: Point, q: Parameters, d_skin: Tensor) -> Tensor:
    """Distance of a full beard: the skin, displaced outwards where the beard grows."""
    if not q.beard.any():
        return d_skin + 1
    grows = beard_mask(p, q)
    thick = (0.02 + 0.08 * q.beard_length) * grows * ramp(-p.y, 0.25, 0.9) * (1 + 0.06 * lumps(p))
    return d_skin - q.beard * thick + 0.012 + 0.05 * (1 - grows) + 0.06 * (1 - q.beard) + 1 - ramp(q.beard, 0.0, 0.1)


def beard_mask(p: Point, q: Parameters) -> Tensor:
    """Growth mask of the beard, 0 to 1: jaw and chin without the mouth; a goatee is its part on the chin."""
    side = p.x.abs()
    cheek_line = -0.52 + 0.45 * ramp(side, 0.42, 0.78)
    jaw = ramp(cheek_line - p.y, -0.04, 0.18) * ramp(p.z, -0.1, 0.1)
    chin = ramp((side / 0.33) ** 2 + ((p.y - q.mouth_y + 0.2) / 0.4) ** 2, 1.2, 0.6)
    low = 0.015 + 0.03 * q.mouth_open
    mouth = (side / (1.04 * q.mouth_width)) ** 2 + ((p.y - q.mouth_y + low) / (0.1 + 0.06 * q.mouth_open)) ** 2
    return (jaw + q.goatee * (chin * ramp(p.z, 0.1, 0.3) - jaw)) * ramp(mouth, 0.62, 1.0)
