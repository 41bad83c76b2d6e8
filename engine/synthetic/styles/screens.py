"""Halftones: dots and lines whose size represents the tone."""

from math import cos, pi, sin

import torch
from torch import Tensor

from .blur import smoothstep
from .warp import coordinates

__all__ = ["dots", "rows", "turned"]


def turned(side: int, like: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Coordinates of the pixels along and across a direction, in sides; `angle` in turns."""
    x, y = coordinates(side, like)
    c, s = cos(2 * pi * angle), sin(2 * pi * angle)
    return x * c + y * s, y * c - x * s


def dots(tone: Tensor, pitch: float, angle: float) -> Tensor:
    """Round dots every `pitch` sides that cover the share `tone` ``[1, 1, S, S]`` of the paper."""
    u, v = turned(tone.shape[-1], tone, angle)
    across, down = (u / pitch) % 1 - 0.5, (v / pitch) % 1 - 0.5
    away = (across * across + down * down + 1e-9).sqrt()
    radius = (tone.clamp(0, 1) / pi).sqrt() * (1 + 0.25 * smoothstep(tone, 0.7, 1.0))
    soft = 0.7 / (pitch * tone.shape[-1])
    return smoothstep(away, radius + soft, radius - soft) * smoothstep(tone, 0.0, 0.03)


def rows(tone: Tensor, phase: Tensor) -> Tensor:
    """Lines where `phase` is an integer, as wide as the share `tone` of the period."""
    away = ((phase + 0.5) % 1 - 0.5).abs()
    right = torch.diff(phase, dim=3, append=phase[..., -1:])
    down = torch.diff(phase, dim=2, append=phase[..., -1:, :])
    soft = (0.7 * (right * right + down * down).sqrt()).clamp(1e-4, 0.25)
    half = 0.5 * tone.clamp(0, 1)
    return smoothstep(away, half + soft, half - soft) * smoothstep(tone, 0.0, 0.05)
