"""Warps of images: trembling lines, misregistered plates, uneven glass."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .noise import noise

__all__ = ["coordinates", "shift", "tremble", "warp"]


def coordinates(side: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """x (right) and y (down) of the pixels, 0 to 1, ``[1, 1, side, side]`` each."""
    steps = (torch.arange(side, device=like.device, dtype=like.dtype) + 0.5) / side
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return x[None, None], y[None, None]


def warp(x: Tensor, offset: Tensor) -> Tensor:
    """Sample each pixel of ``[N, C, H, H]`` at an `offset` ``[1, 2, H, H]`` (right, down; in sides)."""
    across, down = coordinates(x.shape[-1], x)
    grid = torch.stack([across[:, 0] + offset[:, 0], down[:, 0] + offset[:, 1]], dim=3) * 2 - 1  # [1, H, H, 2]
    return F.grid_sample(x, grid.expand(len(x), -1, -1, -1), mode="bilinear", padding_mode="border", align_corners=False)


def tremble(rng: Generator, x: Tensor, strength: float, cells: float) -> Tensor:
    """A random offset for `warp` of about `strength` sides."""
    side = x.shape[-1]
    slow = noise(rng, cells, side, x, channels=2)
    return strength * (slow + 0.35 * noise(rng, 3 * cells, side, x, channels=2))


def shift(x: Tensor, right: float, down: float) -> Tensor:
    """Shift an image by fractions of its side."""
    offset = x.new_tensor([-right, -down]).view(1, 2, 1, 1).expand(1, 2, x.shape[-2], x.shape[-1])
    return warp(x, offset)
