"""Recoloured pictures: a picture in another palette is a picture in another style.

Ours, and no part of the paper, which has pictures enough. A small set of paintings has few palettes, and a style code that
was learned on them knows no others. So a painting and what its code is read from are recoloured alike, at random: the code has
to say which colours there are, and the generator to use those that were asked for, whatever they are.

    y = M x + t         M = gains . saturation . turn about the grey axis . contrast
"""

import torch
from torch import Tensor

from ...training.augment_color import turn_about_grey

__all__ = ["draw_colors", "map_of", "recoloured"]

TURNED = 0.6  # share of the recoloured pictures whose hues turn by any angle
CONTRAST, SATURATION = 0.3, 0.6  # standard deviations of log2 of the factors
LIGHT, TINT, GAIN = 0.15, 0.08, 0.12  # of what all channels are shifted by, each of them, and of the log of each's factor
MOST = 2.0  # standard deviations; beyond them pictures would be one colour


def map_of(*, angle: Tensor, contrast: Tensor, saturation: Tensor, gains: Tensor, shifts: Tensor) -> Tensor:
    """Affine maps of RGB in [-1, 1], ``[N, 3, 4]``: M, and t as the last column.

    Args:
        angle: that hues turn by, in radians, ``[N]``.
        contrast, saturation: factors ``[N]``; 1 changes nothing.
        gains, shifts: factor and shift of each channel, ``[N, 3]``.
    """
    grey = torch.full((3, 3), 1 / 3)
    faded = grey + saturation[:, None, None] * (torch.eye(3) - grey)
    turn = turn_about_grey(angle)[:, :3, :3]
    return torch.cat([gains[:, :, None] * (faded @ turn) * contrast[:, None, None], shifts[:, :, None]], dim=2)


def draw_colors(rng: torch.Generator, count: int, share: float) -> Tensor:
    """Random maps of RGB, ``[count, 3, 4]``.

    Args:
        share: how many of them change anything.
    """
    some = torch.randn(count, 9, generator=rng).clamp(-MOST, MOST)
    turned, angle, chosen = torch.rand(count, 3, generator=rng).unbind(dim=1)
    found = map_of(
        angle=torch.where(turned < TURNED, 2 * torch.pi * angle, 0.0),
        contrast=(CONTRAST * some[:, 0]).exp2(),
        saturation=(SATURATION * some[:, 1]).exp2(),
        gains=(GAIN * some[:, 2:5]).exp(),
        shifts=LIGHT * some[:, 5:6] + TINT * some[:, 6:9],
    )
    return torch.where(chosen[:, None, None] < share, found, torch.eye(3, 4))


def recoloured(images: Tensor, maps: Tensor) -> Tensor:
    """Images ``[N, 3, H, W]`` in [-1, 1] after maps of RGB ``[N, 3, 4]``; colours that leave the range are clamped."""
    maps = maps.to(images)
    mixed = torch.einsum("nij,njhw->nihw", maps[:, :, :3], images)
    return (mixed + maps[:, :, 3, None, None]).clamp(-1, 1)
