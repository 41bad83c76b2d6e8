"""Colours by name, by hue and along gradients, in linear RGB.

kornia's `hsv_to_rgb` and `rgb_to_linear_rgb` take images, with hues in radians: to shape a few colours into an image for them
is longer than the formulas, and took four times as long.
"""

import torch
from torch import Tensor

__all__ = ["blend", "hsv", "linear"]


def blend(amount: Tensor, stops: Tensor) -> Tensor:
    """Interpolate along a list of colours ``[K, 3]``; `amount` in [0, 1] ``[N, 1]`` to ``[N, 3]``."""
    position = amount.clamp(0, 1) * (len(stops) - 1)
    low = position.floor().clamp_max(len(stops) - 2)
    stops = stops.to(amount)
    first = stops[low.long()[:, 0]]
    return first + (position - low) * (stops[low.long()[:, 0] + 1] - first)


def linear(*hexes: str) -> Tensor:
    """sRGB colours ``"rrggbb"`` as linear RGB ``[K, 3]``."""
    srgb = torch.tensor([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in hexes])
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Hue (any real, turns), saturation and value ``[N, 1]`` to linear RGB ``[N, 3]``."""
    phase = (hue + torch.tensor([[1.0, 2 / 3, 1 / 3]], device=hue.device)) % 1
    wheel = ((phase * 6 - 3).abs() - 1).clamp(0, 1)
    return (value * (1 + saturation * (wheel - 1))) ** 2.2
