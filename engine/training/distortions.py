"""Pairs of distorted pictures of which it is known by construction which one is nearer to the original.

The same distortion more strongly, or one that matters against one that does not. Pictures are ``[N, 3, H, W]`` in
[-1, 1], strengths ``[N, 1, 1, 1]`` in [0, 1]. kornia's augmentations draw their strengths themselves, from PyTorch's global
random numbers; here two strengths of one distortion are compared.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .degradation import Rng, fractal

__all__ = ["ORDERED", "nearer_and_farther"]

Distortion = Callable[[Tensor], Tensor]  # of a strength: the distorted pictures


def blurred(x: Tensor, rng: Rng) -> Distortion:
    side = x.shape[-1]
    small = max(6, round(side / (2 + 6 * float(torch.rand((), generator=rng)))))
    low = F.interpolate(x, size=(small, small), mode="bilinear", antialias=True)
    soft = F.interpolate(low, size=(side, side), mode="bicubic", align_corners=False)
    return lambda strength: torch.lerp(x, soft, strength)


def blocky(x: Tensor, rng: Rng) -> Distortion:
    side = x.shape[-1]
    size = 2 + int(torch.randint(6, (), generator=rng))
    small = F.interpolate(x, size=(max(1, side // size),) * 2, mode="area")
    coarse = F.interpolate(small, size=(side, side), mode="nearest")
    return lambda strength: torch.lerp(x, coarse, strength)


def noisy(x: Tensor, rng: Rng) -> Distortion:
    coarse = 1 + int(torch.randint(3, (), generator=rng))
    n, c, h, w = x.shape
    noise = torch.randn(n, c, h // coarse, w // coarse, generator=rng).to(x.device)
    noise = F.interpolate(noise, size=(h, w), mode="nearest")
    return lambda strength: x + 0.5 * strength * noise


def warped(x: Tensor, rng: Rng) -> Distortion:
    """The shape of things, changed smoothly."""
    n, _, _, side = x.shape
    field = 0.06 * fractal(n, 2, side, rng, x.device, roughness=0.3).movedim(1, -1)
    straight = F.affine_grid(torch.eye(2, 3, device=x.device).expand(n, -1, -1), list(x.shape), align_corners=False)

    def distort(strength: Tensor) -> Tensor:
        grid = straight + strength * field
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    return distort


def tinted(x: Tensor, rng: Rng) -> Distortion:
    tint = torch.randn(len(x), 3, 1, 1, generator=rng).to(x.device)
    return lambda strength: x + 0.5 * strength * tint


def faded(x: Tensor, rng: Rng) -> Distortion:
    """Less contrast, or none of its colour."""
    mean = x.mean(dim=1, keepdim=True) if float(torch.rand((), generator=rng)) < 0.5 else x.mean(dim=(2, 3), keepdim=True)
    return lambda strength: torch.lerp(x, mean.expand_as(x), 0.9 * strength)


def replaced(x: Tensor, rng: Rng) -> Distortion:
    """Another picture, here and there."""
    n, _, _, side = x.shape
    mask = (3 * fractal(n, 1, side, rng, x.device, roughness=0.4)).sigmoid()
    return lambda strength: torch.lerp(x, x.roll(1, dims=0), strength * mask)


def textured(x: Tensor, rng: Rng) -> Distortion:
    """Strokes that were not there."""
    n, _, _, side = x.shape
    pattern = (4 * fractal(n, 1, side, rng, x.device, roughness=0.95)).tanh()
    return lambda strength: x + 0.35 * strength * pattern


def moved(x: Tensor, rng: Rng) -> Distortion:
    """A few pixels to a side, a little larger or smaller: much for pixels, and nothing for a person."""
    n = len(x)
    draw = torch.randn(n, 3, generator=rng).to(x.device)

    def distort(strength: Tensor) -> Tensor:
        amount = strength.view(n)
        size, zero = 1 + 0.04 * amount * draw[:, 0], torch.zeros_like(amount)
        rows = (size, zero, 0.05 * amount * draw[:, 1]), (zero, size, 0.05 * amount * draw[:, 2])
        theta = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    return distort


def relit(x: Tensor, rng: Rng) -> Distortion:
    """Light that falls a little differently."""
    field = fractal(len(x), 1, x.shape[-1], rng, x.device, roughness=0.2)
    return lambda strength: (x + 1) * (0.3 * strength * field).exp() - 1


ORDERED = (blurred, blocky, noisy, warped, tinted, faded, replaced, textured)
GENTLE = (moved, relit, tinted)
GRAVE = (blurred, blocky, warped, replaced)


def _one_of(kinds: Sequence[Callable[[Tensor, Rng], Distortion]], rng: Rng) -> Callable[[Tensor, Rng], Distortion]:
    return kinds[int(torch.randint(len(kinds), (), generator=rng))]


def nearer_and_farther(x: Tensor, rng: Rng) -> tuple[Tensor, Tensor]:
    """Two distorted versions of each picture, the first one nearer to it.

    In half of the batches the same distortion, a little stronger; in the others one that a person hardly minds, though
    pixels change much, against one that takes something away.
    """
    draw = torch.rand(2, len(x), 1, 1, 1, generator=rng).to(x.device)
    if float(torch.rand((), generator=rng)) < 0.5:
        distort = _one_of(ORDERED, rng)(x, rng)
        weak = 0.02 + 0.6 * draw[0]
        return distort(weak), distort((weak * (1.1 + 0.5 * draw[1])).clamp_max(1))
    return _one_of(GENTLE, rng)(x, rng)(0.3 + 0.7 * draw[0]), _one_of(GRAVE, rng)(x, rng)(0.35 + 0.65 * draw[1])
