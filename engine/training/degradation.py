"""Augmentation of clean painted images with the degradations of photographs: light, colour, blur, noise, texture, clutter.

Networks trained with it generalize to photographs. Images are ``[N, 3, H, W]`` in [-1, 1]. Every function samples its
parameters for each image of a batch from a generator of random numbers that it is given; kornia's augmentations, which have
the like of some of them, draw from PyTorch's global one.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Rng", "clutter", "degrade", "fractal", "jitter_geometry"]

Rng = torch.Generator


def _uniform(n: int, low: float, high: float, rng: Rng, device: torch.device) -> Tensor:
    return low + (high - low) * torch.rand(n, 1, 1, 1, generator=rng).to(device)


def fractal(n: int, channels: int, side: int, rng: Rng, device: torch.device, *, roughness: float = 0.6) -> Tensor:
    """Fractal noise: a sum over octaves, mean 0 and standard deviation about 1, ``[N, C, side, side]``."""
    total = torch.zeros(n, channels, side, side, device=device)
    size, weight, power = 2, 1.0, 0.0
    while size <= side // 2:
        noise = torch.randn(n, channels, size, size, generator=rng).to(device)
        total += weight * F.interpolate(noise, size=(side, side), mode="bicubic", align_corners=False)
        power += weight**2
        size, weight = size * 2, weight * roughness
    return total / math.sqrt(power)


def light_field(x: Tensor, rng: Rng) -> Tensor:
    """A light gradient across the image, with a colour."""
    n, _, _, side = x.shape
    field = fractal(n, 1, side, rng, x.device, roughness=0.25) * _uniform(n, 0.0, 0.35, rng, x.device)
    tint = 0.12 * torch.randn(n, 3, 1, 1, generator=rng).to(x.device)
    return ((x + 1) / 2 * (field + tint).exp()) * 2 - 1


def tone(x: Tensor, rng: Rng) -> Tensor:
    """Exposure, contrast and gamma."""
    n = len(x)
    y = ((x + 1) / 2).clamp(1e-4, 1)
    gamma = (0.45 * (torch.rand(n, 1, 1, 1, generator=rng).to(x.device) * 2 - 1)).exp()
    y = y**gamma
    mean = y.mean(dim=(1, 2, 3), keepdim=True)
    y = (y - mean) * _uniform(n, 0.6, 1.45, rng, x.device) + mean + _uniform(n, -0.14, 0.14, rng, x.device)
    return y * 2 - 1


def saturation(x: Tensor, rng: Rng) -> Tensor:
    """Random saturation, from grey to vivid."""
    grey = x.mean(dim=1, keepdim=True)
    return grey + (x - grey) * _uniform(len(x), 0.25, 1.6, rng, x.device)


def blur(x: Tensor, rng: Rng) -> Tensor:
    """Blur, as of an enlarged or unfocused image."""
    side = x.shape[-1]
    factor = 1 + 4 * float(torch.rand((), generator=rng)) ** 2
    small = F.interpolate(x, size=(max(32, round(side / factor)),) * 2, mode="bilinear", antialias=True)
    return F.interpolate(small, size=(side, side), mode="bicubic", align_corners=False)


def grain(x: Tensor, rng: Rng) -> Tensor:
    """Sensor noise or film grain, coarse or fine."""
    n, c, h, w = x.shape
    coarse = 1 + int(torch.randint(3, (), generator=rng))
    noise = torch.randn(n, c, h // coarse, w // coarse, generator=rng).to(x.device)
    noise = F.interpolate(noise, size=(h, w), mode="nearest")
    return x + noise * _uniform(n, 0.0, 0.14, rng, x.device)


def texture(x: Tensor, rng: Rng) -> Tensor:
    """Texture of real skin, hair and cloth, which the painted images lack."""
    n, _, _, side = x.shape
    amount = _uniform(n, 0.0, 0.16, rng, x.device)
    return x + amount * fractal(n, 1, side, rng, x.device, roughness=0.95) + 0.4 * amount * fractal(n, 3, side, rng, x.device)


def clutter(x: Tensor, outside: Tensor, rng: Rng) -> Tensor:
    """Replace the background, where `outside` ``[N, 1, H, W]`` is 1, by coloured clouds with edges or another image."""
    n, _, _, side = x.shape
    clouds = fractal(n, 3, side, rng, x.device, roughness=0.7) * _uniform(n, 0.1, 0.6, rng, x.device)
    clouds = clouds + 0.8 * (torch.rand(n, 3, 1, 1, generator=rng).to(x.device) * 2 - 1)
    steps = torch.sign(fractal(n, 1, side, rng, x.device, roughness=0.5)) * _uniform(n, 0.0, 0.4, rng, x.device)
    backdrop = (clouds + steps).clamp(-1, 1)
    return x + outside * (backdrop - x)


def cover(x: Tensor, rng: Rng) -> Tensor:
    """An occlusion at an edge of the image."""
    n, _, _, side = x.shape
    axis = torch.linspace(-1, 1, side, device=x.device)
    y, h = torch.meshgrid(axis, axis, indexing="ij")
    angle = 2 * math.pi * torch.rand(n, 1, 1, generator=rng).to(x.device)
    reach = 0.65 + 0.5 * torch.rand(n, 1, 1, generator=rng).to(x.device)
    mask = ((h * angle.cos() + y * angle.sin()) > reach).float()[:, None]
    color = torch.rand(n, 3, 1, 1, generator=rng).to(x.device) * 2 - 1
    return x + mask * (color - x)


DEGRADATIONS: tuple[tuple[float, Callable[[Tensor, Rng], Tensor]], ...] = (
    (0.6, texture),
    (0.6, light_field),
    (0.8, tone),
    (0.5, saturation),
    (0.25, cover),
    (0.6, blur),
    (0.6, grain),
)


def degrade(x: Tensor, rng: Rng) -> Tensor:
    """Apply each degradation with its probability."""
    for chance, change in DEGRADATIONS:
        if float(torch.rand((), generator=rng)) < chance:
            x = change(x, rng)
    return x.clamp(-1, 1)


def jitter_geometry(
    x: Tensor, rng: Rng, *, turn: float = 0.06, scale: float = 0.06, shift: float = 0.04
) -> tuple[Tensor, Tensor]:
    """Rotate, scale and shift each image a little, like an imperfect alignment.

    Args:
        turn: standard deviation of the rotation in radians.
        scale: standard deviation of the logarithm of the size.
        shift: standard deviation in widths of the image.

    Returns:
        the images, and the affine maps ``[N, 2, 3]`` from output to input coordinates in [-1, 1].
    """
    n = len(x)
    draw = torch.randn(n, 4, generator=rng).to(x.device)
    size, angle = (scale * draw[:, 0]).exp(), turn * draw[:, 1]
    cos, sin = size * angle.cos(), size * angle.sin()
    move = 2 * shift * draw[:, 2:]
    theta = torch.stack([torch.stack([cos, -sin, move[:, 0]], dim=1), torch.stack([sin, cos, move[:, 1]], dim=1)], dim=1)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False), theta
