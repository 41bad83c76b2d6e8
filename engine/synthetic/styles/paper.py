"""Surfaces: paper and canvas, and light on thick paint."""

import torch
from torch import Generator, Tensor

from .blur import slopes
from .noise import fractal, noise
from .screens import turned

__all__ = ["canvas", "embossed", "tooth"]


def tooth(rng: Generator, side: int, like: Tensor, cells: float = 150) -> Tensor:
    """Relief of rough paper, approximately standard normal, ``[1, 1, side, side]``."""
    return 0.9 * fractal(rng, cells, side, like, octaves=2) + 0.35 * noise(rng, 0.4 * cells, side, like)


def canvas(side: int, like: Tensor, threads: float = 110) -> Tensor:
    """Weave in [-1, 1], as far as the image's resolution shows it."""
    u, v = turned(side, like, 0.0)
    seen = min(1.0, side / (3.0 * threads))
    over = torch.sin(3.14159 * threads * u) * torch.sin(3.14159 * threads * v)
    return seen * (over.abs() * 2 - 1) * torch.sign(over)


def embossed(height: Tensor, strength: float) -> Tensor:
    """Shading of a relief by light from the upper left, as a factor around 1."""
    right, down = slopes(height)
    return 1 + strength * (-(0.7 * right + 0.7 * down) / height.shape[-1] * 2).clamp(-1.2, 1.2)
