"""Unstructured noise from a lookup table: blotches, freckles, pores, strands, fibres.

A lookup is much cheaper than a sum of sines, and does not repeat within a face.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["grain"]

CELLS = 96  # independent values along each side of the table
FINE = 3  # samples for each value
KINDS = 4


@cache
def _tile(device: torch.device) -> Tensor:
    """Smooth noise of mean 0 and standard deviation 1, ``[1, KINDS, S, S]``."""
    coarse = torch.randn(1, KINDS, CELLS, CELLS, generator=torch.Generator().manual_seed(1))
    fine = F.interpolate(coarse, scale_factor=FINE, mode="bicubic")
    return ((fine - fine.mean()) / fine.std()).to(device)


def grain(x: Tensor, y: Tensor, cell: tuple[float, float] | float) -> Tensor:
    """Four independent, approximately Gaussian noises ``[N, P, 4]`` at points ``[N, P]``.

    Args:
        x, y: coordinates, in any unit.
        cell: size of a blotch along x and y, in the same unit.
    """
    x, y = torch.broadcast_tensors(x, y)
    wide, high = cell if isinstance(cell, tuple) else (cell, cell)
    x, y = torch.broadcast_tensors(x, y)
    grid = torch.stack([x * (2 / (wide * CELLS)), y * (2 / (high * CELLS))], dim=2)[:, None]
    tile = _tile(x.device).expand(len(x), -1, -1, -1)
    found = F.grid_sample(tile, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return found[:, :, 0].transpose(1, 2)
