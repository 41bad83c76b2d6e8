"""Views of a picture that keep its style: affine transformations, and no change of colour, which belongs to the style."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import TrainingError

__all__ = ["AffineRanges", "draw_affine", "transform"]


@dataclass(frozen=True, kw_only=True)
class AffineRanges:
    """How far views differ. The paper names no ranges; these are ours.

    Attributes:
        degrees: of rotation, to both sides.
        shift: of the picture's side, in both directions.
        zoom: the largest factor; the smallest is its inverse.
        shear: in degrees, to both sides.
        flip: how often a view is mirrored.
    """

    degrees: float = 20.0
    shift: float = 0.1
    zoom: float = 1.3
    shear: float = 10.0
    flip: float = 0.5

    def __post_init__(self) -> None:
        if self.zoom < 1 or not 0 <= self.flip <= 1 or not 0 <= self.shift < 1:
            raise TrainingError(f"views of a picture need a zoom of at least 1, a flip from 0 to 1 and a shift below 1: {self}")


def draw_affine(rng: torch.Generator, count: int, ranges: AffineRanges) -> Tensor:
    """Random parameters of transformations, ``[count, 6]``: angle, shifts, log of the zoom, shear, and -1 where mirrored."""
    uniform = 2 * torch.rand(count, 5, generator=rng) - 1
    limits = torch.tensor([ranges.degrees, ranges.shift, ranges.shift, torch.tensor(ranges.zoom).log(), ranges.shear])
    mirrored = torch.rand(count, 1, generator=rng) < ranges.flip
    return torch.cat([uniform * limits, torch.where(mirrored, -1.0, 1.0)], dim=1)


def transform(images: Tensor, parameters: Tensor) -> Tensor:
    """Images ``[N, 3, H, W]`` after what `draw_affine` gave, ``[N, 6]``; beyond their edges they are mirrored."""
    from kornia.geometry.transform import get_affine_matrix2d, warp_affine  # noqa: PLC0415 (slow to import)

    degrees, x, y, log_zoom, shear, mirror = parameters.to(images.device).unbind(dim=1)
    height, width = images.shape[-2:]
    center = images.new_tensor([(width - 1) / 2, (height - 1) / 2]).expand(len(images), 2)
    shifts = torch.stack([x * width, y * height], dim=1)
    zoom = log_zoom.exp()[:, None].expand(-1, 2) * torch.stack([mirror, torch.ones_like(mirror)], dim=1)
    matrices = get_affine_matrix2d(shifts, center, zoom, degrees, sx=shear.deg2rad())
    return warp_affine(images, matrices[:, :2], (height, width), padding_mode="reflection", align_corners=True)
