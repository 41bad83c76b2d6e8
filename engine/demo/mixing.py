"""Codes whose shape and appearance come from different portraits.

The painter's coordinates fall into two groups: those that say what colours and what light there are, and
all others. A portrait painted from z is the right answer for any w+ whose early rows come from a z with the
same shape, and whose late rows come from a z with the same appearance. Training on such pairs teaches the
generator which rows of w+ carry what, with no image painted for it.
"""

import torch
from torch import Tensor

from ..randomness import normal, uniform
from ..stylegan2 import Generator
from ..synthetic.coordinates import COORDINATES
from .recipe import APPEARANCE_ROW

__all__ = ["APPEARANCE", "mix", "mixed_codes"]

APPEARANCE = {
    *("skin", "undertone", "freckles", "blush", "lip_tone", "hair_tone", "hair_warmth", "hair_dye", "eye_hue", "eye_tone"),
    *("glasses_tone", "cloth_hue", "cloth_tone", "cloth_sat", "stripes", "back_hue", "back_tone", "back_sat", "back_shape"),
    *("light_x", "light_y", "light_warmth", "light_contrast", "rim"),
    *("olive", "texture", "stubble", "makeup", "makeup_hue", "light_size", "exposure", "fill_warmth", "back_place"),
}

_IS_APPEARANCE = torch.tensor([name in APPEARANCE for name in COORDINATES])


def _redraw(z: Tensor, chosen: Tensor, rng: torch.Generator) -> Tensor:
    """`z` with other values in the `chosen` coordinates, of the same length, so that z stays on its sphere."""
    fresh = normal(*z.shape, rng=rng, device=z.device) * chosen
    length = (z * chosen).norm(dim=1, keepdim=True)
    return torch.where(chosen, fresh * (length / fresh.norm(dim=1, keepdim=True)), z)


def mix(z: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Two latents ``[N, 2, D]`` for each of z ``[N, D]``, whose codes together should show its portrait.

    Args:
        share: of the batch, how many take their early rows from a z of another appearance and their late rows
            from a z of another shape.
        rng: random generator; one on the CPU gives the same latents on every device.
    """
    appearance = _IS_APPEARANCE.to(z.device)
    mixed = uniform(len(z), 1, rng=rng, device=z.device) < share
    early = torch.where(mixed, _redraw(z, appearance, rng), z)
    late = torch.where(mixed, _redraw(z, ~appearance, rng), z)
    return torch.stack([early, late], dim=1)


def mixed_codes(generator: Generator, latents: Tensor) -> Tensor:
    """w+ codes ``[N, L, D]`` of the latents ``[N, 2, D]`` that `mix` gives: early rows from the first, late from the second."""
    w = generator.mapping(latents)  # [N, 2, D]
    rows = torch.arange(generator.num_layers, device=w.device)[None, :, None]
    return torch.where(rows < APPEARANCE_ROW, w[:, :1], w[:, 1:])
