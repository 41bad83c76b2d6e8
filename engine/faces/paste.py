"""Pasting a crop back into its photo.

The crop is resampled through the exact inverse of the alignment, over the part of the photo that its square covers. A mask in
the crop's own upright frame blends it. Pixels outside of the mask stay bit-identical.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from torch import Tensor

from ..images import resize
from .shape import Array
from .tone import shifted
from .warp import apply, grid, inverse

__all__ = ["Outline", "Patch", "blend", "feathered", "matched"]

Outline = Literal["square", "oval", "hull"]

BAND = 512  # rows of the photo that are blended at once; bounds the memory
FOREHEAD = 0.35  # height of the forehead above the brows, in distances from brows to chin
CENTRE = ((0.0, 0.0),)
QUARTERS = ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25))
PROXIMITY_POWER = 8  # exponent of the falloff; higher values sharpen the border between crops that overlap
FADE = 0.35  # distance from the crop's edge at which its own colours are kept, in sides


def feathered(size: int, feather: float, outline: Outline, landmarks: Array) -> Tensor:
    """Opacity mask of the crop: 1 inside an outline, with a smooth fall to 0 at its edge.

    Args:
        size: side of the mask in pixels.
        feather: width of the fall, in sides, from 0 to 0.5.
        outline: "square" is the whole crop, "oval" an ellipse around the head and its hair, "hull" the area within jaw and
            brows.
        landmarks: ``[68, 2]``, where 0 and 1 are the outer edges of the crop; used by "hull" only.

    Returns:
        ``[1, 1, size, size]`` in [0, 1].

    Raises:
        ValueError: the outline is unknown, or `feather` is not between 0 and 0.5.
    """
    if outline not in get_args(Outline) or not 0 <= feather <= 0.5:
        raise ValueError(f"outline {outline!r} with feather {feather}: expected one of {get_args(Outline)}, and 0 to 0.5")
    u = (torch.arange(size, dtype=torch.float32) + 0.5) / size
    depth = torch.minimum(u, 1 - u)
    square = _ramp(depth, feather) * _ramp(depth, feather)[:, None]
    if outline == "oval":
        radius = torch.hypot((u - 0.5) / 0.44, (u[:, None] - 0.5) / 0.5)
        square = _ramp((1 - radius) / 2, feather)
    elif outline == "hull":
        square = square * torch.from_numpy(_hull(size, feather, landmarks))
    return square[None, None]


def _ramp(depth: Tensor, feather: float) -> Tensor:
    """Smoothstep: 0 at depth 0, 1 from `feather` on."""
    t = (depth / max(feather, 1e-6)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _hull(size: int, feather: float, landmarks: Array) -> Array:
    """The polygon of jaw and raised brows, blurred: ``[size, size]``."""
    jaw, brows = landmarks[:17], landmarks[17:27]
    up = (landmarks[27] - landmarks[8]) * FOREHEAD
    outline = np.concatenate([jaw, (brows + up)[::-1]]) * size - 0.5
    canvas = Image.new("L", (size, size))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in outline], fill=255)
    sigma = feather * size / 2
    return np.asarray(ndimage.gaussian_filter(np.asarray(canvas, dtype=np.float32) / 255, sigma, mode="constant"))


def matched(crop: Tensor, original: Tensor, feather: float, inside: Tensor) -> Tensor:
    """Match the colours of `crop` to those of `original` along its edge; the middle keeps its own.

    Mean and standard deviation of each channel are matched in a band of twice the feather along the edge.

    Args:
        crop: ``[1, 3, S, S]``.
        original: the crop of the photo, ``[1, 3, T, T]``.
        feather: width of the soft edge, in sides.
        inside: ``[1, 1, T, T]``: 1 where `original` shows the photo, 0 where it is padded.
    """
    size = crop.shape[-1]
    seen = resize(inside.to(crop), size, "area")
    original = resize(original.to(crop), size, "area")
    nowhere = np.zeros((68, 2))
    band = (1 - feathered(size, min(2 * feather, 0.5), "square", nowhere).to(crop)) * seen
    weights = band / band.sum().clamp_min(1e-6)
    mean, wanted = ((x * weights).sum(dim=(2, 3), keepdim=True) for x in (crop, original))
    deviation, other = (
        ((x - m).square() * weights).sum(dim=(2, 3), keepdim=True).sqrt() for x, m in ((crop, mean), (original, wanted))
    )
    recoloured = (crop - mean) * ((other + 0.02) / (deviation + 0.02)).clamp(0.5, 2.0) + wanted
    own = feathered(size, FADE, "square", nowhere).to(crop)
    return torch.lerp(recoloured, crop, own) if bool(band.any()) else crop


@dataclass(frozen=True)
class Patch:
    """An image, its mask and its place in the photo.

    Attributes:
        image: ``[1, C, S, S]``.
        mask: ``[1, 1, M, M]`` in [0, 1].
        matrix: ``[3, 3]`` from pixel indices of the photo to the square [-1, 1] that image, mask and tone fill.
        tone: ``[1, C, M, M]``: shift of the photo's own colours, see `tone.shifted`; or None.
        changed: ``[1, 1, M, M]`` in [0, 1]: mask and what the tone shifts; None if that is the mask alone.
    """

    image: Tensor
    mask: Tensor
    matrix: Array
    tone: Tensor | None = None
    changed: Tensor | None = None

    @property
    def coverage(self) -> "Patch":
        """A patch of ones, of one channel, over everything that this patch changes."""
        return Patch(self.mask.new_ones(1, 1, 1, 1), self.mask if self.changed is None else self.changed, self.matrix)

    @property
    def magnification(self) -> float:
        """Pixels of the image for each pixel of the photo, along one axis."""
        return self.image.shape[-1] / 2 * math.sqrt(abs(np.linalg.det(self.matrix[:2, :2])))

    def downsampled(self) -> "Patch":
        """The patch reduced to at most twice the photo's resolution, for which four samples a pixel are enough."""
        size = self.image.shape[-1]
        wanted = max(math.ceil(2 * size / self.magnification), 1)
        return replace(self, image=resize(self.image, min(wanted, size), "bilinear"))

    def bounds(self, shape: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the area that the patch covers in a photo of `shape`."""
        corners = apply(inverse(self.matrix), np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)]))
        low, high = np.ceil(corners.min(axis=0)), np.floor(corners.max(axis=0)) + 1
        limit = np.array(shape[::-1])
        left, top = np.clip(low, 0, limit).astype(int)
        right, bottom = np.clip(high, 0, limit).astype(int)
        return int(left), int(top), int(right), int(bottom)

    def resampled(self, left: int, top: int, shape: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Resample to the part of the photo of `shape` that begins at (left, top): colours, mask, proximity to the centre,
        tone.
        """
        # Offsets are in pixels of the photo.
        shifts, mode = (CENTRE, "bicubic") if self.magnification < 1.01 else (QUARTERS, "bilinear")
        colours = [_sample(self.image, self._sampling_grid(left + x, top + y, shape), mode) for x, y in shifts]
        points = self._sampling_grid(left, top, shape)
        covered = (points.abs() <= 1).all(dim=-1)[:, None]
        nearness = (1 - points.square().mean(dim=-1)).clamp_min(0)[:, None]
        tone = None if self.tone is None else _sample(self.tone, points) * covered
        return torch.stack(colours).mean(dim=0).clamp(-1, 1), _sample(self.mask, points) * covered, nearness, tone

    def _sampling_grid(self, left: float, top: float, shape: tuple[int, int]) -> Tensor:
        start = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
        return grid(self.matrix @ start, shape, self.image.device)


def _sample(image: Tensor, points: Tensor, mode: str = "bilinear") -> Tensor:
    return F.grid_sample(image, points, mode=mode, padding_mode="border", align_corners=False)


def blend(photo: Tensor, patches: Sequence[Patch]) -> Tensor:
    """Blend patches into a copy of the photo.

    Where patches overlap, the one with the nearest centre is visible, with a soft border between them.

    Args:
        photo: ``[1, 3, H, W]``.
        patches: with as many channels, on the photo's device.
    """
    result = photo.clone()
    shape = photo.shape[-2], photo.shape[-1]
    with torch.autocast(photo.device.type, enabled=False):  # masks and colours need float32
        downsampled = [patch.downsampled() for patch in patches]
        bounds = np.array([patch.bounds(shape) for patch in downsampled]).reshape(-1, 4)
        for top in range(0, shape[0], BAND):
            band = np.clip(bounds, [0, top, 0, top], [shape[1], top + BAND, shape[1], top + BAND])
            here = [k for k, (x0, y0, x1, y1) in enumerate(band) if x0 < x1 and y0 < y1]
            if here:
                _blend_part(result, [downsampled[k] for k in here], band[here])
    return result


def _blend_part(result: Tensor, patches: list[Patch], bounds: NDArray[np.int64]) -> None:
    """Blend patches within their bounds ``[N, 4]``, in place."""
    (left, top), (right, bottom) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    part = result[..., top:bottom, left:right]
    colours = part.new_zeros(part.shape, dtype=torch.float32)
    total, cover = colours[:, :1].clone(), colours[:, :1].clone()
    tones = torch.zeros_like(colours)
    for patch, (x0, y0, x1, y1) in zip(patches, bounds.tolist(), strict=True):
        values, mask, nearness, tone = patch.resampled(x0, y0, (y1 - y0, x1 - x0))
        weight = mask * nearness.pow(PROXIMITY_POWER)
        where = (..., slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        if tone is not None:
            tones[where] += tone
        total[where] += weight
        colours[where] += weight * values
        cover[where] = torch.maximum(cover[where], mask)
    mixed = torch.lerp(shifted(part.float(), tones), colours / total.clamp_min(1e-30), cover)
    part.copy_(torch.where((total > 0) | (tones != 0).any(dim=1, keepdim=True), mixed.to(part.dtype), part))
