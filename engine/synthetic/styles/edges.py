"""Lines that a draughtsman would draw: outlines of masks, creases of the form, and lines of the face.

Every field here is a distance or a strength from which lines of any width can be drawn, so that the width may vary
along a line as a pen's does.
"""

from torch import Tensor

from .blur import blur, blur_inside, slope, smoothstep
from .color import luma
from .sitter import Sitter

__all__ = ["creases", "features", "nib", "outline", "relief", "strands"]


def outline(mask: Tensor, smooth: float) -> Tensor:
    """Distance from the edge of a mask, in sides; `smooth` sides of detail are left out."""
    soft = blur(mask, smooth)
    return (soft - 0.5).abs() / slope(soft).clamp_min(0.5)


def nib(distance: Tensor, width: Tensor | float) -> Tensor:
    """Ink of a line `width` sides wide along distance 0, soft over a pixel."""
    pixel = 1 / distance.shape[-1]
    return smoothstep(distance, 0.5 * width + 0.7 * pixel, 0.5 * width - 0.7 * pixel) * ((width + 0 * distance) / pixel).clamp(
        0, 1
    )


def creases(it: Sitter, size: float) -> Tensor:
    """Where something lies closely behind something else (chin over neck, nose over cheek, hair over face), 0 to 1."""
    figure = it.figure
    depth = it.layers.depth
    behind = blur_inside(depth, figure, size) - depth
    return (smoothstep(behind, 0.012, 0.06) * smoothstep(figure, 0.6, 0.95)).clamp(0, 1)


def relief(it: Sitter, size: float) -> Tensor:
    """How sharply the form turns away under a light from above, 0 to 1: wings of the nose, eyelids, ears."""
    normal, figure = it.layers.normal, it.figure
    lit = 0.55 * normal[:, 1:2] + 0.75 * normal[:, 2:] + 0.25 * normal[:, :1]
    return smoothstep(blur_inside(lit, figure, 2.2 * size) - blur(lit, 0.6 * size), 0.03, 0.22) * smoothstep(figure, 0.6, 0.95)


def strands(it: Sitter) -> Tensor:
    """How much darker than its lock a strand of hair is, 0 to about 0.5."""
    hair = smoothstep(it.locks, 0.7, 1.0)
    tone = luma(it.flat)
    middle = blur_inside(tone, hair + 1e-4, 0.015)
    return hair * (1 - tone / middle.clamp_min(0.02)).clamp_min(0)


def features(it: Sitter) -> Tensor:
    """What is painted on the face: lashes, lids, the mouth, wrinkles, 0 to 1."""
    return it.layers.lines
