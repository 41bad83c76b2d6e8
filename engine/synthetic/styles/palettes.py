"""Palettes of style instances: a named one, slightly varied."""

import torch
from torch import Generator, Tensor

from .chance import uniform
from .color import from_oklab, hexes, to_oklab

__all__ = ["nearest", "tuned", "turn_hue"]


def turn_hue(colors: Tensor, turns: float) -> Tensor:
    """Rotate the hue of colours ``[K, 3]`` sRGB in Oklab."""
    lab = to_oklab(colors.T[None, :, None])  # [1, 3, 1, K]
    angle = torch.tensor(2 * torch.pi * turns)
    c, s = angle.cos(), angle.sin()
    lab = torch.stack([lab[:, 0], c * lab[:, 1] - s * lab[:, 2], s * lab[:, 1] + c * lab[:, 2]], dim=1)
    return from_oklab(lab)[0, :, 0].T


def tuned(rng: Generator, codes: tuple[str, ...], turns: float = 0.03) -> tuple[str, ...]:
    """A palette ``"rrggbb"`` with all hues rotated by at most `turns`, and with slightly varied saturation."""
    colors = turn_hue(hexes(*codes), uniform(rng, -turns, turns))
    grey = colors.mean(dim=1, keepdim=True)
    colors = (grey + uniform(rng, 0.85, 1.15) * (colors - grey)).clamp(0, 1)
    return tuple("".join(f"{round(255 * part):02x}" for part in color) for color in colors.tolist())


def nearest(picture: Tensor, colors: Tensor, hue: float = 1.0) -> Tensor:
    """The nearest of the colours ``[K, 3]`` for each pixel of ``[1, 3, H, W]``; `hue` is the weight of chroma."""
    lab, table = to_oklab(picture), to_oklab(colors.to(picture).T[None, :, None])[0, :, 0].T  # [K, 3]
    weight = lab.new_tensor([1.0, hue, hue])
    apart = torch.cdist(lab.flatten(2).transpose(1, 2) * weight, (table * weight)[None])  # [1, P, K]
    return colors.to(picture)[apart.argmin(dim=2)[0]].T.view_as(picture)
