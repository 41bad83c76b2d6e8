"""Lines of a line drawing: outlines of masks, creases of the form, and facial features.

Every field is a distance or a strength from which lines of any, also varying, width can be drawn.
"""

from torch import Tensor

from .blur import blur, blur_inside, slope, smoothstep
from .color import luma
from .sitter import Sitter

__all__ = ["creases", "features", "nib", "outline", "relief", "strands"]


def outline(mask: Tensor, smooth: float) -> Tensor:
    """Distance from the edge of a mask, in sides; detail finer than `smooth` sides is removed."""
    soft = blur(mask, smooth)
    return (soft - 0.5).abs() / slope(soft).clamp_min(0.5)


def nib(distance: Tensor, width: Tensor | float) -> Tensor:
    """Ink of a line `width` sides wide at distance 0, with an edge one pixel wide."""
    pixel = 1 / distance.shape[-1]
    return smoothstep(distance, 0.5 * width + 0.7 * pixel, 0.5 * width - 0.7 * pixel) * ((width + 0 * distance) / pixel).clamp(
        0, 1
    )


def creases(it: Sitter, size: float) -> Tensor:
    """Occlusion edges (chin over neck, nose over cheek, hair over face), 0 to 1."""
    figure = it.figure
    depth = it.layers.depth
    behind = blur_inside(depth, figure, size) - depth
    return (smoothstep(behind, 0.012, 0.06) * smoothstep(figure, 0.6, 0.95)).clamp(0, 1)


def relief(it: Sitter, size: float) -> Tensor:
    """Curvature of the form under light from above (wings of the nose, eyelids, ears), 0 to 1."""
    normal, figure = it.layers.normal, it.figure
    lit = 0.55 * normal[:, 1:2] + 0.75 * normal[:, 2:] + 0.25 * normal[:, :1]
    return smoothstep(blur_inside(lit, figure, 2.2 * size) - blur(lit, 0.6 * size), 0.03, 0.22) * smoothstep(figure, 0.6, 0.95)


def strands(it: Sitter) -> Tensor:
    """Darkness of a hair strand relative to its lock, 0 to about 0.5."""
    hair = smoothstep(it.locks, 0.7, 1.0)
    tone = luma(it.flat)
    middle = blur_inside(tone, hair + 1e-4, 0.015)
    return hair * (1 - tone / middle.clamp_min(0.02)).clamp_min(0)


def features(it: Sitter) -> Tensor:
    """Lines of the face's texture: lashes, lids, mouth, wrinkles, 0 to 1."""
    return it.layers.lines
