"""Directions of strokes: along hair and form on the figure, along a slow swirl behind it."""

from math import pi

import torch
from torch import Generator, Tensor

from .blur import blur, smoothstep
from .noise import noise
from .sitter import Sitter

__all__ = ["across_picture", "along_form", "averaged"]


def averaged(angle: Tensor, weight: Tensor, sigma: float) -> Tensor:
    """Directions (radians, modulo half a turn) averaged over `sigma` sides."""
    both = torch.cat([(2 * angle).cos(), (2 * angle).sin()], dim=1) * weight
    c, s = blur(both, sigma).chunk(2, dim=1)
    return 0.5 * torch.atan2(s, c + 1e-6)


def along_form(it: Sitter, sigma: float, behind: Tensor) -> Tensor:
    """Directions in radians ``[1, 1, S, S]``, x right, y down: the layers' flow on the figure, elsewhere `behind`."""
    flow, figure = it.layers.flow, smoothstep(it.figure, 0.3, 0.7)
    angle = torch.atan2(flow[:, 1:], flow[:, :1])
    sure = flow.norm(dim=1, keepdim=True).clamp_max(1) * figure + 1e-3
    own = averaged(angle, sure, sigma)
    return torch.where(figure > 0.5, own, behind)


def across_picture(rng: Generator, it: Sitter, base: float, wander: float, cells: float = 3) -> Tensor:
    """A direction of `base` turns that varies by about `wander` turns."""
    return 2 * pi * (base + wander * noise(rng, cells, it.side, it.figure))
