"""Noise smeared along a direction: strands, wood, brushed metal (line integral convolution, Cabral and Leedom 1993)."""

import torch
from torch import Tensor

from .warp import warp

__all__ = ["smear"]


def smear(x: Tensor, angle: Tensor, length: float, steps: int = 8) -> Tensor:
    """Average ``[1, C, S, S]`` along a direction (radians ``[1, 1, S, S]``) over `length` sides in both directions.

    Each pass doubles the averaged length, so that few passes are enough.
    """
    direction = torch.cat([angle.cos(), angle.sin()], dim=1)
    step = length / 2
    while step > 0.4 / x.shape[-1] and steps:
        x = 0.5 * x + 0.25 * (warp(x, step * direction) + warp(x, -step * direction))
        step, steps = step / 2, steps - 1
    return x
