"""Cells of glass and stone: a partition of the plane, by Voronoi cells or by squares that follow a direction."""

from dataclasses import dataclass
from math import ceil

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .warp import coordinates

__all__ = ["Cells", "cut", "mean_color"]


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A partition, all ``[1, 1, S, S]``: `gap` is the distance to the cell's edge in sides, `index` the number of the cell."""

    gap: Tensor
    index: Tensor
    count: int


def cut(
    rng: Generator, region: Tensor, spacing: float, *, angle: Tensor | None = None, jitter: float = 0.9, rounds: int = 0
) -> Cells:
    """Cells of about `spacing` sides that never cross the border of a region.

    Args:
        rng: places the cells.
        region: integers ``[1, 1, S, S]``.
        spacing: size of a cell.
        angle: radians; makes the cells squares with this rotation instead of round.
        jitter: irregularity of the initial cells, 0 to 1.
        rounds: Lloyd iterations, which make the cells similar in size (Lloyd 1982).
    """
    grid = ceil(1 / spacing)
    chance = torch.rand(2, grid, grid, generator=rng).to(region) - 0.5
    steps = torch.arange(grid, device=region.device) + 0.5
    seeds = torch.stack([steps[None, :] + jitter * chance[0], steps[:, None] + jitter * chance[1]]) / grid  # [2, G, G]
    for _ in range(rounds):
        seeds = _middles(_assign(seeds, region, angle)[1], seeds)
    gap, index = _assign(seeds, region, angle)
    # A place without a seed of its own region nearby becomes a cell of its own.
    kinds = int(region.max()) + 1
    return Cells(gap=gap, index=index * kinds + region.long(), count=grid * grid * kinds)


def _assign(seeds: Tensor, region: Tensor, angle: Tensor | None) -> tuple[Tensor, Tensor]:
    """Distance to the cell's edge and the cell's number for every pixel, from the two nearest of 5 x 5 seeds."""
    side, grid = region.shape[-1], seeds.shape[-1]
    x, y = coordinates(side, region)
    own = _at(region, seeds)[0]
    turns = None if angle is None else _at(angle, seeds)[0]
    column, row = (x[0, 0] * grid).long().clamp(0, grid - 1), (y[0, 0] * grid).long().clamp(0, grid - 1)
    first, second = torch.full_like(x[0, 0], 9.0), torch.full_like(x[0, 0], 9.0)
    index = torch.zeros_like(column)
    for down in range(-2, 3):
        for across in range(-2, 3):
            there = (row + down).clamp(0, grid - 1) * grid + (column + across).clamp(0, grid - 1)
            away = _away(
                x[0, 0] - seeds[0].take(there), y[0, 0] - seeds[1].take(there), None if turns is None else turns.take(there)
            )
            away = away + 4.0 * ((own.take(there) - region[0, 0]).abs() > 0.5)
            fresh = there != index
            second = torch.where(
                away < first, torch.where(fresh, first, second), torch.where(fresh, torch.minimum(second, away), second)
            )
            index = torch.where(away < first, there, index)
            first = torch.minimum(first, away)
    alone = (first < 4) & (second > 4)
    return torch.where(alone, 1.0, 0.5 * (second - first))[None, None], index[None, None]


def _away(dx: Tensor, dy: Tensor, turn: Tensor | None) -> Tensor:
    if turn is None:
        return (dx * dx + dy * dy + 1e-12).sqrt()
    u, v = (dx * turn.cos() + dy * turn.sin()).abs(), (dy * turn.cos() - dx * turn.sin()).abs()
    return torch.maximum(u, v) + 0.15 * torch.minimum(u, v)


def _at(picture: Tensor, seeds: Tensor) -> Tensor:
    grid = seeds.permute(1, 2, 0)[None] * 2 - 1
    return F.grid_sample(picture, grid, mode="nearest", padding_mode="border", align_corners=False)[0]


def _middles(index: Tensor, seeds: Tensor) -> Tensor:
    """Centroid of each cell."""
    x, y = coordinates(index.shape[-1], seeds)
    flat, count = index.flatten(), seeds[0].numel()
    size = torch.zeros(count, device=seeds.device).index_add(0, flat, torch.ones_like(x).flatten())
    moved = torch.stack([torch.zeros_like(size).index_add(0, flat, axis.flatten()) / size.clamp_min(1) for axis in (x, y)])
    return torch.where(size > 0, moved, seeds.flatten(1)).view_as(seeds)


def mean_color(picture: Tensor, cells: Cells) -> Tensor:
    """Mean colour of each cell, ``[K, 3]``."""
    flat = cells.index.flatten()
    size = torch.zeros(cells.count, device=picture.device).index_add(0, flat, torch.ones_like(flat, dtype=picture.dtype))
    total = torch.zeros(cells.count, 3, device=picture.device).index_add(0, flat, picture[0].flatten(1).T)
    return total / size.clamp_min(1)[:, None]
