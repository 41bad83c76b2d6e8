"""Colour: sRGB images, their lightness, and the perceptually uniform space Oklab (Ottosson 2020)."""

import torch
from torch import Tensor

from ...images import luma

__all__ = ["from_oklab", "hexes", "luma", "mix", "multiply", "saturate", "screen", "sheet", "srgb_to_linear", "to_oklab"]

LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def hexes(*codes: str) -> Tensor:
    """sRGB colours ``"rrggbb"`` as ``[K, 3]`` in [0, 1]."""
    return torch.tensor([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes])


def sheet(like: Tensor, color: Tensor) -> Tensor:
    """A uniform image of colour ``[3]``, of the size of `like` ``[N, C, H, W]``."""
    return color.to(like).view(1, 3, 1, 1).expand(len(like), 3, *like.shape[2:])


def mix(base: Tensor, color: Tensor, amount: Tensor | float) -> Tensor:
    """Blend `color` (an image, or one colour ``[3]``) over an image ``[N, 3, H, W]`` by `amount` ``[N, 1, H, W]``."""
    color = color.to(base).view(1, 3, 1, 1) if color.ndim == 1 else color
    return base + amount * (color - base)


def multiply(base: Tensor, color: Tensor, amount: Tensor | float) -> Tensor:
    """Multiply blend, as of transparent ink."""
    color = color.to(base).view(1, 3, 1, 1) if color.ndim == 1 else color
    return base * (1 - amount * (1 - color))


def screen(base: Tensor, light: Tensor) -> Tensor:
    """Screen blend: adds light without exceeding white."""
    return 1 - (1 - base) * (1 - light).clamp(0, 1)


def saturate(picture: Tensor, amount: Tensor | float) -> Tensor:
    """Raise (> 1) or lower (< 1) the saturation at constant lightness."""
    grey = luma(picture)
    return (grey + amount * (picture - grey)).clamp(0, 1)


def srgb_to_linear(picture: Tensor) -> Tensor:
    from kornia.color import rgb_to_linear_rgb  # noqa: PLC0415 (slow to import)

    return rgb_to_linear_rgb(picture.clamp(0, 1))


def _turn(picture: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix, picture)


def to_oklab(picture: Tensor) -> Tensor:
    """sRGB ``[N, 3, H, W]`` in [0, 1] to Oklab; L in [0, 1], a and b in about [-0.3, 0.3]."""
    lms = _turn(srgb_to_linear(picture), picture.new_tensor(LMS))
    return _turn(lms.clamp_min(1e-7) ** (1 / 3), picture.new_tensor(LAB))


def from_oklab(lab: Tensor) -> Tensor:
    """Oklab to sRGB in [0, 1]."""
    from kornia.color import linear_rgb_to_rgb  # noqa: PLC0415 (slow to import)

    lms = _turn(lab, torch.linalg.inv(lab.new_tensor(LAB))) ** 3
    return linear_rgb_to_rgb(_turn(lms, torch.linalg.inv(lab.new_tensor(LMS))).clamp(0, 1))
