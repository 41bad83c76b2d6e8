"""Shift one tone to another without leaving the range of colours.

A darker tone multiplies, as less light would. A brighter tone shifts the log-odds: dark colours are multiplied, bright ones
approach white, and none is clipped.
"""

import torch
from torch import Tensor

__all__ = ["shift_between", "shifted"]

DARK, LIGHT = 0.03, 0.97  # tones are clamped to this range, beyond which a difference means little
MOST = 1.5  # largest shift


def shift_between(own: Tensor, wanted: Tensor) -> Tensor:
    """The shift for `shifted` that brings one tone in [0, 1] to another, between -1.5 and 1.5."""
    own, wanted = own.clamp(DARK, LIGHT), wanted.clamp(DARK, LIGHT)
    return torch.where(wanted > own, wanted.logit() - own.logit(), wanted.log() - own.log()).clamp(-MOST, MOST)


def shifted(image: Tensor, by: Tensor) -> Tensor:
    """Shift colours ``[N, C, H, W]`` in [-1, 1] by a broadcastable amount; 0 changes nothing, and black stays black."""
    x, factor = (image + 1) / 2, by.exp()
    brighter = x * factor / (1 + (factor - 1) * x)
    return 2 * torch.where(by > 0, brighter, x * factor) - 1
