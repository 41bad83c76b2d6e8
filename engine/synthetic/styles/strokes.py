"""Strokes of a brush, a pencil or a needle, side by side and overlapping.

Strokes start on a jittered grid. Cells that are k apart in both directions can't touch, so that all their strokes are drawn at
once. k * k such classes, in random order, form a layer: proper "over" compositing for every stroke, without a loop over
strokes.
"""

from dataclasses import dataclass
from math import ceil

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .blur import smoothstep
from .color import from_oklab, to_oklab
from .warp import coordinates

__all__ = ["Brush", "Paint", "lay"]


@dataclass(frozen=True, kw_only=True)
class Brush:
    """Attributes:
    spacing: between strokes, in sides.
    length: of a stroke, in spacings.
    width: of a stroke, in spacings.
    taper: how much thinner it is at its ends, 0 to 1.
    ragged: how unequal its bristles end, 0 to 1.
    dry: how much of the ground shows between bristles, 0 to 1.
    bristles: number of them across a stroke.
    stray: how far strokes turn from their direction, radians.
    varied: how far their colours differ, in Oklab.
    load: thickness of the paint, 0 to 1.
    """

    spacing: float
    length: float = 3.0
    width: float = 1.2
    taper: float = 0.3
    ragged: float = 0.3
    dry: float = 0.2
    bristles: float = 5.0
    stray: float = 0.15
    varied: float = 0.02
    load: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Paint:
    """A surface being painted: `color` ``[1, 3, S, S]`` sRGB, and `height` of the paint ``[1, 1, S, S]``, about 0 to 1."""

    color: Tensor
    height: Tensor


def lay(rng: Generator, brush: Brush, ground: Paint, colors: Tensor, angle: Tensor, opacity: Tensor) -> Paint:
    """Paint a layer of strokes over `ground`.

    Args:
        rng: places, orders and varies the strokes.
        brush: their parameters.
        ground: the surface so far.
        colors: image ``[1, 3, S, S]`` from which each stroke takes one colour.
        angle: direction in radians ``[1, 1, S, S]``.
        opacity: ``[1, 1, S, S]``; a stroke has the opacity at its start, and is omitted if that is 0.
    """
    apart = ceil(brush.length + 1.0)  # the jitter is half a spacing to each side
    strokes = _strokes(rng, brush, apart, colors, angle, opacity)
    color, height = ground.color.clone(), ground.height.clone()
    for index in torch.randperm(apart * apart, generator=rng).tolist():
        chosen = _nearest(strokes, index % apart, index // apart, apart, color.shape[-1], brush)
        alpha, thick = _shape(chosen, brush, color)
        tone = 1 + 0.12 * brush.load * (thick - 0.5)
        color = color + alpha * (chosen[None, 8:11] * tone - color)
        height = height + alpha * (brush.load * thick - 0.65 * height)
    return Paint(color=color.clamp(0, 1), height=height)


def _strokes(rng: Generator, brush: Brush, apart: int, colors: Tensor, angle: Tensor, opacity: Tensor) -> Tensor:
    """Table of strokes ``[11, G, G]``: x, y, cos, sin, bend, length, phase, opacity, r, g, b."""
    count = ceil(1 / brush.spacing / apart) * apart + 2 * apart
    jitter, chance = torch.rand(2, count, count, generator=rng), torch.randn(6, count, count, generator=rng)
    jitter, chance = jitter.to(colors), chance.to(colors)
    cells = torch.arange(count, device=colors.device, dtype=colors.dtype) - apart
    x, y = (cells[None, :] + jitter[0]) * brush.spacing, (cells[:, None] + jitter[1]) * brush.spacing
    half = 0.5 * brush.length * brush.spacing

    turned = _pick(torch.cat([(2 * angle).cos(), (2 * angle).sin()], dim=1), x, y)
    theta = 0.5 * torch.atan2(turned[1], turned[0])
    ahead = _pick(torch.cat([(2 * angle).cos(), (2 * angle).sin()], dim=1), x + half * theta.cos(), y + half * theta.sin())
    bend = 0.5 * torch.atan2(
        (torch.atan2(ahead[1], ahead[0]) - 2 * theta).sin(), (torch.atan2(ahead[1], ahead[0]) - 2 * theta).cos()
    )
    theta = theta + brush.stray * chance[0]
    lab = _pick(to_oklab(colors), x, y) + brush.varied * chance[1:4] * colors.new_tensor([1.2, 0.6, 0.6]).view(3, 1, 1)
    rows = [
        x,
        y,
        theta.cos(),
        theta.sin(),
        bend.clamp(-0.7, 0.7),
        1 + 0.2 * chance[4].clamp(-1.5, 0.5),
        chance[5] * 9,
        _pick(opacity, x, y)[0],
    ]
    return torch.cat([torch.stack(rows), from_oklab(lab[None])[0]])


def _pick(picture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Sample ``[C, G, G]`` from ``[1, C, S, S]`` at positions in sides."""
    grid = torch.stack([x, y], dim=2)[None] * 2 - 1
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


def _nearest(strokes: Tensor, column: int, row: int, apart: int, side: int, brush: Brush) -> Tensor:
    """The nearest stroke of one class for every pixel, ``[11, S, S]``."""
    steps = (torch.arange(side, device=strokes.device) + 0.5) / side / brush.spacing - 0.5 + apart
    mine = strokes[:, row::apart, column::apart]
    across = ((steps - column) / apart).round().long().clamp(0, mine.shape[2] - 1)
    down = ((steps - row) / apart).round().long().clamp(0, mine.shape[1] - 1)
    return mine[:, down][:, :, across]


def _shape(chosen: Tensor, brush: Brush, like: Tensor) -> tuple[Tensor, Tensor]:
    """Coverage and thickness ``[1, 1, S, S]`` of the chosen strokes."""
    x, y = coordinates(like.shape[-1], like)
    dx, dy = x[0, 0] - chosen[0], y[0, 0] - chosen[1]
    cos, sin = chosen[2], chosen[3]
    half_length = 0.5 * brush.length * brush.spacing * chosen[5]
    half_width = 0.5 * brush.width * brush.spacing
    u = (dx * cos + dy * sin) / half_length
    v = (dy * cos - dx * sin - 0.5 * chosen[4] * half_length * u * u) / half_width
    hair = torch.sin(brush.bristles * 2.1 * v + chosen[6]) + torch.sin(brush.bristles * 4.7 * v - 2 * chosen[6] + 0.8 * u)
    end = 1 - brush.ragged * (0.5 + 0.25 * hair)
    narrow = 1 - brush.taper * u * u
    soft_u, soft_v = 0.7 / like.shape[-1] / half_length, 0.7 / like.shape[-1] / half_width
    alpha = smoothstep(u.abs(), end + soft_u, end - soft_u - 0.1) * smoothstep(v.abs(), narrow + soft_v, narrow - soft_v)
    alpha = alpha * (1 - brush.dry * smoothstep(hair, 0.2, -1.2) * (0.6 + 0.4 * u)) * chosen[7]
    thick = (1 - v * v).clamp_min(0).sqrt() * (0.75 + 0.12 * hair) * (1 - 0.25 * u)
    return alpha[None, None].clamp(0, 1), thick[None, None].clamp(0, 1)
