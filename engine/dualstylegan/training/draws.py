"""Style mixing (Karras et al. 2019, section 3.1), drawn for a whole batch: see `training.task.Draw`."""

import torch
from torch import Tensor

from ...stylegan2 import Generator
from ...training.noise import seeded_maps

__all__ = ["draw_cuts", "mixed", "noise_of"]


def noise_of(generator: Generator, seeds: Tensor) -> list[Tensor]:
    """Noise maps ``[N, 1, H, H]`` for every convolution, those of an image given by its seed in `seeds` ``[N]`` alone."""
    return seeded_maps(seeds, generator.noise_resolutions, generator.w_avg.device)


def draw_cuts(rng: torch.Generator, count: int, rows: int, probability: float) -> Tensor:
    """Where style mixing changes from one code to another, int64 ``[count]``: 1 to ``rows - 1``, or `rows` for no mixing."""
    cuts = torch.randint(1, rows, (count,), generator=rng)
    return torch.where(torch.rand(count, generator=rng) < probability, cuts, rows)


def mixed(first: Tensor, second: Tensor, cuts: Tensor | int, rows: int) -> Tensor:
    """Style mixing: w+ ``[N, rows, D]`` whose rows below the cut are `first` ``[N, D]``, and the others `second`."""
    places = torch.arange(rows, device=first.device)
    early = places < (cuts if isinstance(cuts, int) else cuts.to(first.device)[:, None])
    return torch.where(early.expand(len(first), rows)[:, :, None], first[:, None], second[:, None])
