"""Random noise from a seed for each image, so that a slice of a batch gets the noise that it has in the whole batch."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["draw_seeds", "seeded_maps", "seeded_normal"]

SEEDS = 2**62


def draw_seeds(rng: torch.Generator, count: int) -> Tensor:
    """Seeds for `count` images, int64 ``[count]`` on the CPU."""
    return torch.randint(SEEDS, (count,), generator=rng)


def seeded_normal(seeds: Tensor, shape: Sequence[int], device: torch.device) -> Tensor:
    """Standard normal numbers ``[N, *shape]`` on a device, from one seed for each image.

    They are drawn on the device, which is fast, so another kind of device gives other numbers.
    """
    numbers = torch.empty(len(seeds), *shape, device=device)
    source = device if device.type in ("cpu", "cuda") else torch.device("cpu")
    for row, seed in zip(numbers, seeds.tolist(), strict=True):
        rng = torch.Generator(source).manual_seed(seed)
        row.copy_(torch.randn(tuple(shape), generator=rng, device=source))
    return numbers


def seeded_maps(seeds: Tensor, sides: Sequence[int], device: torch.device) -> list[Tensor]:
    """Noise maps ``[N, 1, side, side]`` for a generator's layers (`Generator.noise_resolutions`)."""
    flat = seeded_normal(seeds, [sum(side * side for side in sides)], device)
    parts = flat.split([side * side for side in sides], dim=1)
    return [part.view(-1, 1, side, side) for part, side in zip(parts, sides, strict=True)]
