"""Hair strands: direction, colour, relief and shine, and the single hairs at an edge.

A strand is a line of constant `_across`. Clumps of two sizes and single hairs are noise that is fine across the strands and
coarse along them. It tilts the normal, shades the colour and frays the edges.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .coordinates import ramp
from .geometry import Point
from .grain import grain
from .hair import grown
from .parameters import Parameters

__all__ = ["Strands", "coverage", "fray", "sheen", "strands"]


class Strands(NamedTuple):
    """Hair at P points, in the head's frame."""

    color: Tensor  # linear RGB [N, P, 3]
    normal: Tensor  # with the strands' relief [N, P, 3]
    flow: Tensor  # unit direction along the strands [N, P, 3]
    shift: Tensor  # of the highlight along the strand, by clump and hair [N, P]


def _noise(u: Tensor, v: Tensor, seed: int) -> Tensor:
    """A smooth field in about [-1, 1] with lumps one unit wide."""
    return 0.5 * grain(u + 31.7 * seed, v + 17.3 * seed, 1.0)[..., seed % 4]


def _across(p: Point, q: Parameters) -> Tensor:
    """Coordinate across the strands: from the parting to the sides, or around the crown."""
    parted = torch.atan2(p.z + 0.35, ((p.x - q.parting) ** 2 + 0.01).sqrt() + 0.25)
    crown = torch.atan2(p.x - 0.3 * q.parting, p.z + 0.75 + 0.9 * q.lifted)
    return crown + q.parted * (parted - crown)


def _relief(u: Tensor, v: Tensor, q: Parameters, blur: Tensor) -> tuple[Tensor, Tensor]:
    """Large clumps and finer detail, each in about [-1, 1]; detail finer than `blur` is omitted."""
    wavy = 0.05 + 0.12 * q.hair_curl
    u = u + wavy * torch.sin(4 * v + 3 * _noise(2.5 * u, 1.1 * v, 3)) + 0.05 * _noise(4 * u, 1.6 * v, 5)
    large = _noise(8 * u, (0.9 + 3 * q.hair_curl) * v, 1)
    fine = 0.6 * ramp(30 * blur, 1.0, 0.4) * _noise(30 * u, (1.7 + 5 * q.hair_curl) * v, 2)
    return large, fine + 0.6 * ramp(90 * blur, 1.2, 0.5) * _noise(90 * u, 2.6 * v, 4)


def _braids(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Braids: a round profile across each, and twists along it."""
    cell = 8 * u
    inside = 2 * (cell - cell.floor()) - 1
    turns = torch.sin(26 * v + 2.4 * inside.abs() + 2.1 * cell.floor())
    return 0.9 - 1.9 * inside * inside, 0.6 * turns


def strands(p: Point, normal: Tensor, q: Parameters, pixel: Tensor) -> Strands:
    """Colour, relief and direction of the hair at points with unit `normal` ``[N, P, 3]``."""
    step = 0.012
    u = _across(p, q)
    slope = torch.stack(
        [
            _across(Point(p.x + step, p.y, p.z), q) - u,
            torch.zeros_like(u),
            _across(Point(p.x, p.y, p.z + step), q) - u,
        ],
        dim=2,
    )
    slope = slope - (slope * normal).sum(dim=2, keepdim=True) * normal
    rate = slope.norm(dim=2) / step
    across = F.normalize(slope, dim=2, eps=1e-6)
    flow = torch.linalg.cross(normal, across)
    flow = flow * torch.where(flow[..., 1:2] > 0, -1.0, 1.0)
    v = p.y - 0.5 * p.z
    # At grazing angles, strands appear closer together.
    blur = rate * pixel / normal[..., 2].abs().clamp_min(0.12)
    large, fine = _relief(u, v, q, blur)
    next_large, next_fine = _relief(u + rate * step, v, q, blur)
    if q.braids.any():
        rope, turn = _braids(u, v)
        next_rope, next_turn = _braids(u + rate * step, v)
        large, fine = large + q.braids * (rope - large), fine + q.braids * (turn - fine)
        next_large, next_fine = next_large + q.braids * (next_rope - next_large), next_fine + q.braids * (next_turn - next_fine)
    tilt = (0.55 * (next_large - large) + 0.7 * (next_fine - fine)).clamp(-0.9, 0.9)
    bent = F.normalize(normal - tilt[..., None] * across, dim=2)
    depth = (0.72 + 0.26 * large + 0.24 * fine).clamp(0.12, 1.4)
    root = 1 - 0.3 * torch.exp(-((grown(p, q) / 0.12) ** 2))
    streak = 1 + 0.25 * _noise(13 * u, 0.4 * v, 8)
    return Strands(q.hair[:, None] * (depth * root * streak)[..., None], bent, flow, 0.1 * large + 0.12 * fine)


def fray(p: Point, q: Parameters, pixel: Tensor) -> Tensor:
    """About -1 to 1: how far hairs extend at an edge."""
    u, v = _across(p, q), p.y - 0.5 * p.z
    fine = 0.6 * ramp(pixel, 0.03, 0.01)
    return 0.8 * _noise(11 * u, 1.3 * v, 6) + 0.6 * _noise(34 * u, 2 * v, 7) + fine * _noise(80 * u, 3 * v, 9)


def coverage(p: Point, q: Parameters, pixel: Tensor, above: Tensor) -> Tensor:
    """Coverage of the scalp by hair at the hairline, 0 to 1; `above` is the height over the skin."""
    reach = 0.035 + 0.06 * q.fringe * ramp(p.z, 0.3, 0.6)
    edge = ramp(grown(p, q) + reach * fray(p, q, pixel), -0.06, 0.1 - 0.03 * q.fringe)
    thin = 1 - 0.45 * ramp(q.hair_volume, 0.05, 0.03)
    return torch.maximum(edge * thin, ramp(above, 0.03, 0.09))


def sheen(it: Strands, normal: Tensor, flow: Tensor, rays: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
    """Two highlights across the strands, in the colour of the light and of the hair (Kajiya and Kay 1989, Scheuermann
    2004).
    """
    half = F.normalize(light[:, None] - rays, dim=2)
    lit = (normal * light[:, None]).sum(dim=2).clamp_min(0) ** 0.6

    def lobe(shift: float, sharp: float) -> Tensor:
        along = F.normalize(flow + (it.shift + shift)[..., None] * normal, dim=2)
        toward = (along * half).sum(dim=2)
        return ramp(toward, -1, 0) * (1 - toward * toward).clamp_min(0) ** (0.5 * sharp) * lit

    return lobe(0.12, 70.0), lobe(-0.12, 22.0)
