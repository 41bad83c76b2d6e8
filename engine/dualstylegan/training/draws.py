"""Random codes and noise of a training step, drawn on the CPU for the whole batch: see `training.task.Draw`."""

import torch
from torch import Tensor

from ...stylegan2 import Generator

__all__ = ["draw_cuts", "draw_seeds", "mixed", "noise_of", "seeded"]

LARGEST = 2**62


def draw_seeds(rng: torch.Generator, count: int) -> Tensor:
    """Seeds of noise maps, int64 ``[count]``."""
    return torch.randint(LARGEST, (count,), generator=rng)


def seeded(seeds: Tensor, *shape: int) -> Tensor:
    """Standard normal numbers ``[N, *shape]`` on the CPU, those of an image given by its seed in `seeds` ``[N]`` alone."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds.tolist()])


def noise_of(generator: Generator, seeds: Tensor) -> list[Tensor]:
    """Noise maps ``[N, 1, H, H]`` for every convolution, those of an image given by its seed in `seeds` ``[N]`` alone."""
    sides = generator.noise_resolutions
    sizes = [side * side for side in sides]
    parts = seeded(seeds, sum(sizes)).to(generator.w_avg.device).split(sizes, dim=1)
    return [part.unflatten(1, (1, side, side)) for part, side in zip(parts, sides, strict=True)]


def draw_cuts(rng: torch.Generator, count: int, rows: int, probability: float) -> Tensor:
    """Where style mixing changes from one code to another, int64 ``[count]``: 1 to ``rows - 1``, or `rows` for no mixing."""
    cuts = torch.randint(1, rows, (count,), generator=rng)
    return torch.where(torch.rand(count, generator=rng) < probability, cuts, rows)


def mixed(first: Tensor, second: Tensor, cuts: Tensor | int, rows: int) -> Tensor:
    """Style mixing: w+ ``[N, rows, D]`` whose rows below the cut are `first` ``[N, D]``, and the others `second`."""
    places = torch.arange(rows, device=first.device)
    early = places < (cuts if isinstance(cuts, int) else cuts.to(first.device)[:, None])
    return torch.where(early.expand(len(first), rows)[:, :, None], first[:, None], second[:, None])
