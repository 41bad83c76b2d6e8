"""Bringing one tone to another without leaving the range of colours.

Darker is a factor, as less light would be. Brighter is a shift of the log-odds: dark colours are multiplied, light ones
come nearer to white, and none is clipped.
"""

import torch
from torch import Tensor

__all__ = ["shift_between", "shifted"]

DARK, LIGHT = 0.03, 0.97  # beyond them a difference says little
MOST = 1.5  # that a tone is shifted by


def shift_between(own: Tensor, wanted: Tensor) -> Tensor:
    """By how much `shifted` brings one tone to another, -1.5 to 1.5; both lie between 0 and 1."""
    own, wanted = own.clamp(DARK, LIGHT), wanted.clamp(DARK, LIGHT)
    return torch.where(wanted > own, wanted.logit() - own.logit(), wanted.log() - own.log()).clamp(-MOST, MOST)


def shifted(image: Tensor, by: Tensor) -> Tensor:
    """Colours ``[N, C, H, W]`` in [-1, 1], shifted by what broadcasts to them; 0 changes nothing, black stays black."""
    x, factor = (image + 1) / 2, by.exp()
    brighter = x * factor / (1 + (factor - 1) * x)
    return 2 * torch.where(by > 0, brighter, x * factor) - 1
