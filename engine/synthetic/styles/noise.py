"""Smooth random fields for irregularities of strokes, paper and paint.

Scales are in cells across the image, never in pixels, so that the field is the same at any resolution.
"""

from math import sqrt

from torch import Generator, Tensor, randn
from torch.nn import functional as F

__all__ = ["fractal", "noise"]


def noise(rng: Generator, cells: float | tuple[float, float], side: int, like: Tensor, *, channels: int = 1) -> Tensor:
    """Approximately standard normal values that vary on the scale of a cell, ``[1, channels, side, side]``.

    Args:
        rng: random generator on the CPU, so that every device draws the same values.
        cells: number of cells across the image, or (down, across) for anisotropic cells.
        side: in pixels.
        like: gives device and dtype.
        channels: number of independent fields.
    """
    down, across = cells if isinstance(cells, tuple) else (cells, cells)
    lattice = randn(1, channels, max(2, round(down)), max(2, round(across)), generator=rng)
    return F.interpolate(lattice.to(like), (side, side), mode="bicubic", antialias=True)


def fractal(rng: Generator, cells: float, side: int, like: Tensor, *, octaves: int = 4, falloff: float = 0.55) -> Tensor:
    """Noise at doubling frequencies, approximately standard normal, ``[1, 1, side, side]``."""
    weights = [falloff**octave for octave in range(octaves)]
    total = sum(weight * noise(rng, cells * 2.0**octave, side, like) for octave, weight in enumerate(weights))
    assert isinstance(total, Tensor)
    return total / sqrt(sum(weight * weight for weight in weights))
