"""Hair of head and beard: its shape as a signed distance, its strands, their colour and shine.

Points and distances are as in `geometry`, in the head's frame.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .geometry import Point, capsule, ellipsoid, mirrored, smooth_max, smooth_min, sphere
from .parameters import Parameters, ramp

__all__ = ["beard", "beard_mask", "hair", "hair_color", "hairline", "sheen"]


def lumps(p: Point) -> Tensor:
    """A wavy field in about [-1, 1] that makes curls."""
    a = torch.sin(9.1 * p.x + 2.0 * torch.sin(3.7 * p.y)) * torch.sin(8.3 * p.y + 1.7 * torch.sin(4.1 * p.z))
    return a * torch.sin(8.7 * p.z + 1.3 * torch.sin(5.3 * p.x)) + 0.5 * torch.sin(17 * p.x + 3 * p.z) * torch.sin(
        15 * p.y - 2 * p.x
    )


def hairline(p: Point, q: Parameters) -> Tensor:
    """Height of the hair's edge over the forehead at each x, fringe and parting included."""
    across = (p.x - q.parting) / 0.9
    line = q.hairline * q.forehead + 0.1 * torch.exp(-(((p.x - q.parting) / 0.16) ** 2)) - 0.3 * across * across
    swept = 0.3 + 0.09 * across * torch.sign(q.parting) + 0.025 * torch.sin(11 * p.x + 5 * q.parting)
    return line + q.fringe * (swept - line)


def hair(p: Point, q: Parameters) -> Tensor:
    """Hair on the head: a shell over the skull, open at the face, and what hangs, stands or is tied up."""
    m = mirrored(p)
    thick = q.hair_volume
    shell = ellipsoid(
        p,
        (0, 0.26, -0.19),
        (0.83 * q.face_width + 0.75 * thick, 0.87 * q.head_height * q.forehead + 1.25 * thick, 0.985 + 0.6 * thick),
    )
    nape = ellipsoid(p, (0, -0.3, -0.42), (0.7 * q.face_width + 0.6 * thick, 0.72, 0.6))
    d = smooth_min(shell, nape, 0.2)
    # The face looks out of an opening: below the hairline, before the ears.
    side = 0.72 * q.face_width + 0.04 - 0.26 * q.hair_sides * q.hair_back
    behind = 0.14 - p.z
    inside = smooth_max(smooth_max(p.y - hairline(p, q), m.x - side, 0.12), behind, 0.1)
    cheeks = smooth_max(smooth_max(p.y - 0.16, -0.02 - p.z, 0.08), -0.2 - 0 * p.x, 0.02)
    opening = smooth_min(inside, cheeks + 0.5 * q.hair_sides, 0.1)
    d = smooth_max(d, -opening, 0.06 + 0.08 * q.fringe)
    d = smooth_min(d, hanging(p, m, q), 0.12)
    d = smooth_min(d, sphere(p, (0, 0.98 * q.head_height + 0.2, -0.42), 0.36 * q.bun - 0.3 * (1 - q.bun)), 0.06)
    crown = ramp(p.y, 0.1, 0.55)
    d = d + q.bald * (0.02 + 0.5 * crown + 0.35 * ramp(p.z, -0.1, 0.4))
    if not q.hair_curl.any():
        return d
    return d + 0.055 * q.hair_curl * lumps(p) * ramp(thick, 0.04, 0.14)


def hanging(p: Point, m: Point, q: Parameters) -> Tensor:
    """Hair behind and beside the neck, down to its length."""
    low = -q.hair_length
    fall = 0.5 * (0.5 + low)
    width = 0.68 * q.face_width + 0.5 * q.hair_volume
    back = ellipsoid(p, (0, fall, -0.38), (width + 0.1, (0.62 - fall + 0.06).clamp_min(0.3), 0.42))
    lock = capsule(
        m,
        (0.74 * q.face_width + 0.4 * q.hair_volume, 0.22, 0.02),
        (0.66 + 0.5 * q.hair_volume, low, 0.12),
        (0.1 + 0.35 * q.hair_volume, 0.11),
    )
    d = smooth_min(back, lock, 0.18)
    wave = 0.03 * torch.sin(5.5 * p.y + 3 * p.x) * (1 - q.hair_curl)
    return d + wave + 0.9 * (1 - q.hair_back)


def beard(p: Point, q: Parameters, d_skin: Tensor) -> Tensor:
    """A full beard: the skin, pushed out where it grows."""
    if not q.beard.any():
        return d_skin + 0.05
    grows = beard_mask(p, q)
    thick = 0.1 * grows * ramp(-p.y, 0.25, 0.9) * (1 + 0.2 * lumps(p))
    return d_skin - q.beard * thick + 0.012 + 0.05 * (1 - grows) + 0.06 * (1 - q.beard)


def beard_mask(p: Point, q: Parameters) -> Tensor:
    """Where a beard grows, 0 to 1: jaw and chin, not the mouth."""
    side = p.x.abs()
    cheek_line = -0.5 + 0.42 * ramp(side, 0.42, 0.78)
    jaw = ramp(cheek_line - p.y, 0.0, 0.12) * ramp(p.z, -0.1, 0.05)
    mouth = (side / (q.mouth_width * 1.12)) ** 2 + ((p.y - q.mouth_y + 0.03) / (0.115 + 0.06 * q.mouth_open)) ** 2
    return jaw * ramp(mouth, 0.9, 1.25)


def hair_color(p: Point, q: Parameters) -> tuple[Tensor, Tensor]:
    """Hair with strands: linear RGB ``[N, P, 3]`` and the strands' direction in the head's frame ``[N, P, 3]``."""
    x, z = p.x - 0.6 * q.parting, p.z + 0.35
    around = torch.atan2(x, z)
    bend = 0.35 * torch.sin(4 * p.y + 2 * around) * (0.3 + q.hair_curl)
    strands = (
        0.5 * torch.sin(46 * (around + 0.12 * bend) + 1.3)
        + 0.35 * torch.sin(91 * (around + 0.1 * bend) + 4 * p.y)
        + 0.3 * torch.sin(19 * (around + 0.25 * bend) - 2 * p.y)
    )
    tone = 1 + 0.3 * strands * (1 - 0.55 * q.hair_curl)
    root = 1 - 0.25 * torch.exp(-(((p.y - hairline(p, q)) / 0.1) ** 2)) * ramp(p.z, 0.3, 0.6)
    flow = torch.stack([0.5 * x, -(0.55 + 0 * p.x), 0.35 * z], dim=2)
    return q.hair[:, None] * (tone * root)[..., None], flow


def sheen(flow: Tensor, normal: Tensor, rays: Tensor, light: Tensor) -> Tensor:
    """Highlight across strands (Kajiya and Kay 1989)."""
    along = F.normalize(flow - (flow * normal).sum(dim=2, keepdim=True) * normal, dim=2)
    half = F.normalize(light[:, None] - rays, dim=2)
    across = (1 - (along * half).sum(dim=2) ** 2).clamp_min(0).sqrt()
    return across**28 * (normal * light[:, None]).sum(dim=2).clamp_min(0) ** 0.5
