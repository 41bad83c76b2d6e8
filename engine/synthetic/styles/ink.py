"""An ink drawing: outline, inner contours, creases and features, each with its own pen."""

from dataclasses import dataclass
from math import cos, pi, sin

import torch
from torch import Generator, Tensor

from .blur import blur, slopes, smoothstep
from .color import luma
from .edges import creases, nib, outline, relief, strands
from .noise import noise
from .sitter import Sitter
from .warp import tremble, warp

__all__ = ["Pen", "eye_darks", "ink"]


@dataclass(frozen=True, kw_only=True)
class Pen:
    """Parameters of the pens; widths and sizes are in sides of the image.

    Attributes:
        outer: width of the figure's outline.
        inner: width of the edges of hair and cloth.
        crease: strength of occlusion edges, 0 to 1.
        form: strength of lines where the form turns away, 0 to 1.
        feature: weight of lashes, mouth and wrinkles, 0 to 2.
        strand: strength of the lines between strands of hair, 0 to 1.
        swell: widening of lines on the shadow side, 0 to 1.
        tremor: amplitude of the hand's tremor.
        smooth: size of the detail that outlines omit.
    """

    outer: float = 0.014
    inner: float = 0.01
    crease: float = 1.0
    form: float = 0.6
    feature: float = 1.0
    strand: float = 0.0
    swell: float = 0.5
    tremor: float = 0.002
    smooth: float = 0.004


def _swell(mask: Tensor, amount: float, angle: float) -> Tensor:
    """Width factor of a mask's outline: wider where its edge faces away from the light at `angle` turns."""
    right, down = slopes(blur(mask, 0.02))
    away = (right * cos(2 * pi * angle) + down * sin(2 * pi * angle)) / (right * right + down * down + 1e-3).sqrt()
    return 1 + amount * away


def eye_darks(it: Sitter) -> Tensor:
    """Pupils and dark parts of irises, without highlights."""
    return it.layers.eyes * smoothstep(luma(it.flat), 0.5, 0.22)


def ink(it: Sitter, pen: Pen, rng: Generator, light: float = 0.125) -> Tensor:
    """Coverage of the ink ``[1, 1, S, S]``; `light` is the direction of thin outlines, in turns clockwise from the right."""
    layers, figure = it.layers, it.figure
    hair = it.locks
    uneven = 1 + 0.25 * noise(rng, 9, it.side, figure).clamp(-2, 2)
    lines = [
        nib(outline(figure, pen.smooth), pen.outer * uneven * _swell(figure, pen.swell, light)),
        nib(outline(hair, pen.smooth), pen.inner * uneven * _swell(hair, pen.swell, light))
        * smoothstep(blur(hair, 0.012), 0.1, 0.3),
        nib(outline(layers.cloth, pen.smooth), pen.inner * uneven),
        pen.crease * smoothstep(creases(it, 0.012), 0.3, 0.6),
        pen.form * smoothstep(relief(it, 0.009), 0.35, 0.7) * (1 - layers.eyes) * (1 - layers.lips),
        pen.strand * smoothstep(strands(it), 0.07, 0.2),
        nib(outline(layers.glasses, 0.001), 0.45 * pen.inner),
        _features(it, pen.feature),
    ]
    drawn = 1 - torch.stack([1 - line.clamp(0, 1) for line in lines]).prod(dim=0)
    return warp(drawn, tremble(rng, drawn, pen.tremor, 7))


def _features(it: Sitter, weight: float) -> Tensor:
    """Lashes, lids, mouth, wrinkles, brows and pupils; a higher weight also makes them wider."""
    lines = blur(it.layers.lines, 0.0012 * weight)
    drawn = smoothstep(lines * weight, 0.25, 0.6)
    return torch.maximum(torch.maximum(drawn, eye_darks(it)), smoothstep(it.layers.brows, 0.3, 0.7))
