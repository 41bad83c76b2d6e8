"""Random faces: what is drawn for them, and how the generator shows them at any of its sizes."""

import torch
from torch import Tensor

from ...stylegan2 import Generator
from ...stylegan2.coarse import picture_of
from ...training.noise import draw_seeds, seeded_maps
from ..generator import BlendGenerator

__all__ = ["draw_faces", "face_codes", "show"]


def draw_faces(rng: torch.Generator, count: int, generator: BlendGenerator, mixing: float) -> dict[str, Tensor]:
    """What `count` random faces are made of.

    Args:
        mixing: how many faces have two codes, the second from a random row on (Karras et al. 2019).

    Returns:
        ``z`` ``[count, 2, Z]``, ``cut`` ``[count]``, the first row of the second code, and ``noise`` ``[count]``, seeds.
    """
    rows = generator.num_layers
    cut = torch.randint(1, rows, (count,), generator=rng)
    mixed = torch.rand(count, generator=rng) < mixing
    return {
        "z": torch.randn(count, 2, generator.config.z_dim, generator=rng),
        "cut": torch.where(mixed, cut, rows),
        "noise": draw_seeds(rng, count),
    }


def face_codes(generator: BlendGenerator, z: Tensor, cut: Tensor) -> Tensor:
    """w+ ``[N, L, D]`` of what `draw_faces` gave."""
    device = generator.w_avg.device
    first, second = generator.mapping(z.to(device)).unbind(dim=1)
    rows = torch.arange(generator.num_layers, device=device)
    return torch.where((rows < cut.to(device)[:, None])[..., None], first[:, None], second[:, None])


def show(generator: Generator, w_plus: Tensor, seeds: Tensor | None, side: int) -> Tensor:
    """The image so far at the stage of `side` pixels, ``[N, 3, side, side]``.

    Args:
        seeds: of the images' noise, ``[N]``; None for no noise.
    """
    if seeds is None:
        return picture_of(generator, w_plus, side)
    return picture_of(generator, w_plus, side, seeded_maps(seeds, generator.noise_resolutions, w_plus.device))
