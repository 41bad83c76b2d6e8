"""FFHQ's alignment (Karras et al. 2019), pixel for pixel.

Eyes and mouth define a square. The photo is shrunk, cropped and padded where the square leaves it, and the square is rotated
upright. All published face encoders and generators expect this crop.

    supersample 4   FFHQ itself, AgileGAN, BlendGAN: drawn at four times the size, then reduced
    supersample 1   pSp, e4e, ReStyle, DualStyleGAN, JoJoGAN, PTI: drawn at its size, slightly aliased

Pillow resamples and SciPy blurs, as in the published scripts, because the pixels depend on it. Unlike those scripts, this
module resizes only the part of the photo that it needs.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor

from ..errors import ImageError
from ..images import read, resize, to_pil
from .shape import Array, anchors
from .warp import scaling

__all__ = ["Crop", "cut", "quad", "square"]

Pixels = NDArray[np.float32]
Bounds = tuple[int, int, int, int]  # left, top, right, bottom
MOST_SHRUNK = 64  # a square this many times the photo's size shows only padding


@dataclass(frozen=True)
class Crop:
    """A square cut out of a photo.

    Attributes:
        image: ``[1, 3, S, S]`` in [-1, 1].
        matrix: ``[3, 3]`` from pixel indices of the crop to those of the photo, exact to half a pixel.
        quad: corners ``[4, 2]`` in the shrunk, cropped and padded photo, as passed to the transform.
    """

    image: Tensor
    matrix: Array
    quad: Array


def quad(landmarks: Array) -> Array:
    """Corners ``[4, 2]`` of the crop: upper left, lower left, lower right, upper right of the upright crop.

    Args:
        landmarks: ``[68, 2]`` x, y in pixel indices.

    Raises:
        ImageError: the landmarks coincide or are not finite.
    """
    return quad_of(*anchors(landmarks))


def quad_of(eye_left: Array, eye_right: Array, mouth: Array) -> Array:
    """`quad` from the centres of the two eyes (left and right in the image) and of the mouth."""
    eyes = (eye_left + eye_right) / 2
    across, down = eye_right - eye_left, mouth - eyes
    x = across - down[::-1] * (-1, 1)
    length = np.hypot(*x)
    if not np.isfinite(length) or length < 1e-6:
        raise ImageError("eyes and mouth coincide or are not finite: expected landmarks that span a face")
    x = x * (max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down)) / length)
    y = np.array((-x[1], x[0]))
    centre = eyes + 0.1 * down
    return np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y])


def cut(image: Tensor, corners: Array, size: int, *, supersample: int = 4) -> Crop:
    """Cut out a square and rotate it upright.

    Args:
        image: ``[1, 3, H, W]`` in [-1, 1]; rounded to 8 bits, as in the published scripts.
        corners: ``[4, 2]`` from `quad`, in pixel indices of `image`.
        size: side of the result in pixels.
        supersample: 4 or 1, see the module's table.

    Raises:
        ImageError: the square lies outside of the photo, or is far larger than it.
    """
    height, width = image.shape[-2:]
    side = float(np.hypot(*(corners[3] - corners[0])))
    _check(corners, side, width, height)
    shrink = max(math.floor(side / size * 0.5), 1)
    shape = (round(height / shrink), round(width / shrink)) if shrink > 1 else (height, width)
    inner, side = corners / shrink, side / shrink

    border = max(round(side * 0.1), 3)
    bounds = _bounds(inner, border, shape)
    picture = _region(image, shape, bounds)
    inner = inner - bounds[:2]
    pad = _padding(inner, side, border, picture.size)
    if any(pad):
        picture = _padded(np.asarray(picture, dtype=np.float32), pad, side)
        inner = inner + pad[:2]
    drawn = size * supersample
    result = picture.transform((drawn, drawn), Image.Transform.QUAD, tuple((inner + 0.5).flatten()), Image.Resampling.BILINEAR)
    if supersample > 1:
        result = result.resize((size, size), Image.Resampling.LANCZOS)
    offset = np.array([bounds[0] - pad[0], bounds[1] - pad[1]])
    to_photo = scaling(shape, (height, width)) @ square(inner + offset, size)
    return Crop(read(result).to(image.device), to_photo, inner)


def _check(corners: Array, side: float, width: int, height: int) -> None:
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (high < 0).any() or (low > (width - 1, height - 1)).any() or not np.isfinite(side):
        raise ImageError(f"the crop at {low.round()} to {high.round()} lies outside of the photo of {width} x {height} pixels")
    if side > MOST_SHRUNK * max(width, height) or side < 1e-3:
        raise ImageError(f"a crop with a side of {side:.3g} pixels can't be cut from a photo of {width} x {height} pixels")


def square(corners: Array, size: int) -> Array:
    """``[3, 3]`` from pixel indices of the upright square of `size` pixels to the square with these corners ``[4, 2]``."""
    x, y = (corners[3] - corners[0]) / size, (corners[1] - corners[0]) / size
    matrix = np.eye(3)
    matrix[:2] = np.stack([x, y, corners[0] + 0.5 * (x + y)], axis=1)
    return matrix


def _bounds(corners: Array, border: int, shape: tuple[int, int]) -> Bounds:
    """Bounding box of the square within an image of `shape`, plus a border."""
    low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    left, top = (max(int(edge) - border, 0) for edge in low)
    right, bottom = (min(int(edge) + border, limit) for edge, limit in zip(high, shape[::-1], strict=True))
    return left, top, right, bottom


def _region(image: Tensor, shape: tuple[int, int], bounds: Bounds) -> Image.Image:
    """The region within `bounds` of the photo resized to `shape` with Lanczos' filter."""
    left, top, right, bottom = bounds
    height, width = image.shape[-2:]
    y, x = height / shape[0], width / shape[1]
    if (y, x) == (1, 1):
        return to_pil(image[..., top:bottom, left:right])
    reach = 3 * max(y, x) + 2  # support of the filter, and a little more
    x0, y0 = max(math.floor(left * x - reach), 0), max(math.floor(top * y - reach), 0)
    x1, y1 = min(math.ceil(right * x + reach), width), min(math.ceil(bottom * y + reach), height)
    box = (left * x - x0, top * y - y0, min(right * x, width) - x0, min(bottom * y, height) - y0)
    part = to_pil(image[..., y0:y1, x0:x1])
    return part.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box=box)


def _padding(corners: Array, side: float, border: int, size: tuple[int, int]) -> Bounds:
    """Pixels to pad at each edge; none if the square stays 4 pixels clear of every border."""
    low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    over = [*(border - low), *(high - size + border)]
    if max(over) <= border - 4:
        return 0, 0, 0, 0
    left, top, right, bottom = (max(int(pixels), round(side * 0.3)) for pixels in over)
    return left, top, right, bottom


def _padded(pixels: Pixels, pad: Bounds, side: float) -> Image.Image:
    """Pad by reflection, fading into a blur and then into the median colour."""
    left, top, right, bottom = pad
    grown = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), "reflect")
    height, width, _ = grown.shape
    y, x, _ = np.ogrid[:height, :width, :1]
    across = 1 - np.minimum(np.float32(x) / left, np.float32(width - 1 - x) / right)
    along = 1 - np.minimum(np.float32(y) / top, np.float32(height - 1 - y) / bottom)
    depth = np.maximum(across, along).astype(np.float32)  # 1 at the outer edge, 0 at the photo's edge
    grown += (_blurred(grown, side * 0.02) - grown) * np.clip(depth * 3 + 1, 0, 1)
    grown += (np.median(grown, axis=(0, 1)) - grown) * np.clip(depth, 0, 1)
    return Image.fromarray(np.clip(np.rint(grown), 0, 255).astype(np.uint8))


def _blurred(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian blur. A wide one runs on a reduced copy: within half a grey level, and a hundred times faster."""
    if sigma < 8:
        return np.asarray(ndimage.gaussian_filter(pixels, [sigma, sigma, 0]))
    step = math.floor(sigma / 4)
    height, width, _ = pixels.shape
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    small = resize(planes, (-(-height // step), -(-width // step)), "bilinear")
    # Reducing and enlarging blur as well: two triangle filters of variance step^2 / 6 each.
    left = math.sqrt(sigma**2 - step**2 / 3) / step
    blurred = ndimage.gaussian_filter(small[0].numpy(), [0, left, left])
    return resize(torch.from_numpy(blurred)[None], (height, width), "bilinear")[0].permute(1, 2, 0).numpy()
