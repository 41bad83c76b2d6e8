"""Smooth random fields: the unevenness of hands, paper and paint.

Scales are counted in cells across the picture, never in pixels, so that the same field is drawn at any resolution.
"""

from math import sqrt

from torch import Generator, Tensor, randn
from torch.nn import functional as F

__all__ = ["fractal", "noise"]


def noise(rng: Generator, cells: float | tuple[float, float], side: int, like: Tensor, *, channels: int = 1) -> Tensor:
    """Values near N(0, 1) that change over a cell, ``[1, channels, side, side]``.

    Args:
        rng: where chance comes from; on the CPU, so that every device draws the same.
        cells: number of cells across the picture, or (down, across) for stretched cells.
        side: in pixels.
        like: gives device and dtype.
        channels: independent fields.
    """
    down, across = cells if isinstance(cells, tuple) else (cells, cells)
    lattice = randn(1, channels, max(2, round(down)), max(2, round(across)), generator=rng)
    return F.interpolate(lattice.to(like), (side, side), mode="bicubic", antialias=True)


def fractal(rng: Generator, cells: float, side: int, like: Tensor, *, octaves: int = 4, falloff: float = 0.55) -> Tensor:
    """Noise at doubling frequencies, scaled to about N(0, 1), ``[1, 1, side, side]``."""
    weights = [falloff**octave for octave in range(octaves)]
    total = sum(weight * noise(rng, cells * 2.0**octave, side, like) for octave, weight in enumerate(weights))
    assert isinstance(total, Tensor)
    return total / sqrt(sum(weight * weight for weight in weights))
