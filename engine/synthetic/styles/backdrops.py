"""Patterns behind a portrait, as masks ``[1, 1, S, S]`` or as coordinates."""

from math import pi

import torch
from torch import Tensor

from .blur import smoothstep
from .screens import rows
from .warp import coordinates

__all__ = ["disc", "polar", "rays", "scallops"]


def polar(side: int, like: Tensor, at: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Distance from a point in sides, and angle in turns (0 to 1, clockwise from the left)."""
    x, y = coordinates(side, like)
    return ((x - at[0]) ** 2 + (y - at[1]) ** 2 + 1e-9).sqrt(), torch.atan2(y - at[1], x - at[0]) / (2 * pi) + 0.5


def disc(side: int, like: Tensor, at: tuple[float, float], radius: float) -> Tensor:
    away, _ = polar(side, like, at)
    return smoothstep(away, radius + 0.7 / side, radius - 0.7 / side)


def rays(side: int, like: Tensor, at: tuple[float, float], count: int, share: float = 0.5, turn: float = 0.0) -> Tensor:
    """A burst of `count` rays that cover a share of the plane."""
    _, angle = polar(side, like, at)
    phase = (angle + turn) * count
    # The angle is discontinuous on one side; `rows` must not see that as a slope.
    return torch.where(
        (angle < 0.25) | (angle > 0.75),
        rows(torch.full_like(phase, share), ((angle + 0.5) % 1 + 0.5 + turn) * count),
        rows(torch.full_like(phase, share), phase),
    )


def scallops(side: int, like: Tensor, pitch: float, rings: int) -> tuple[Tensor, Tensor]:
    """Overlapping fans (seigaiha, the waves of art deco and of Japan).

    Returns:
        The distance from the fan's own centre, 0 to 1 at its rim, times `rings`; and a number that belongs to the fan.
    """
    x, y = coordinates(side, like)
    best, name = torch.full_like(x, 9.0), torch.zeros_like(x)
    for step in range(3):  # lower rows cover upper ones
        row = (y / (0.5 * pitch)).floor() + 2 - step
        offset = 0.5 * (row % 2)
        column = (x / pitch - offset).round()
        away = (((x / pitch - offset - column) ** 2 + (y / pitch - 0.5 * row) ** 2) ** 0.5) * 2
        inside = away < 1
        best, name = torch.where(inside & (best > 8), away, best), torch.where(inside & (best > 8), row * 17 + column, name)
    return best.clamp_max(1) * rings, name
