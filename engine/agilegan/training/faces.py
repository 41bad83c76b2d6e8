"""Random faces of a generator with paths: what is drawn for them, and how they are made from it."""

import torch
from torch import Tensor

from ...stylegan2 import Generator
from ...training.noise import draw_seeds
from ...training.task import Draw

__all__ = ["draw_faces", "w_plus_of"]


def draw_faces(rng: torch.Generator, count: int, generator: Generator, own_rows: float = 1.0) -> Draw:
    """What `count` random faces are made of: z+ codes ``z`` ``[count, L, Z]`` and seeds of their noise ``noise`` ``[count]``.

    Each row of z+ is drawn for itself: faces are sampled from the prior of the encoder (section 4.1).

    Args:
        own_rows: share of the faces of which that holds; the others have their first row in all rows.
    """
    z = torch.randn(count, generator.num_layers, generator.config.z_dim, generator=rng)
    if own_rows < 1:
        own = torch.rand(count, 1, 1, generator=rng) < own_rows
        z = torch.where(own, z, z[:, :1])
    return {"z": z, "noise": draw_seeds(rng, count)}


@torch.no_grad()
def w_plus_of(generator: Generator, z: Tensor) -> Tensor:
    """w+ ``[N, L, D]`` of z+ ``[N, L, Z]``, row by row, through the mapping network, which is frozen."""
    return generator.mapping(z.to(generator.w_avg.device))
