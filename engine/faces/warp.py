"""Affine resampling in pixel-index coordinates (the centre of the first pixel is 0)."""

import math

import numpy as np
import torch
from torch import Tensor

from ..images import resize
from .shape import Array

__all__ = ["apply", "grid", "inverse", "normalised", "scaling", "warp"]


def scaling(old: tuple[int, int], new: tuple[int, int]) -> Array:
    """``[3, 3]`` from pixel indices of an image of shape `old` (H, W) to those of its copy of shape `new`."""
    y, x = new[0] / old[0], new[1] / old[1]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


def apply(matrix: Array, points: Array) -> Array:
    """Map points ``[N, 2]`` through an affine ``[3, 3]``."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def inverse(matrix: Array) -> Array:
    """The inverse of an affine ``[3, 3]``."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def normalised(shape: tuple[int, int]) -> Array:
    """``[3, 3]`` from pixel indices of an image to the coordinates of `grid_sample`, where -1 and 1 are its outer edges."""
    height, width = shape
    return np.array([[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]])


def grid(matrix: Array, shape: tuple[int, int], device: torch.device) -> Tensor:
    """The sampling grid for `grid_sample`: float32 ``[1, H, W, 2]``.

    Args:
        matrix: ``[3, 3]`` from pixel indices of the output to normalized coordinates of the source.
        shape: height and width of the output.
    """
    x = torch.arange(shape[1], device=device, dtype=torch.float32)
    y = torch.arange(shape[0], device=device, dtype=torch.float32)[:, None]
    return torch.stack([x * float(a) + (y * float(b) + float(c)) for a, b, c in matrix[:2]], dim=-1)[None]


def warp(image: Tensor, matrix: Array, size: int) -> Tensor:
    """Resample a square of `size` pixels from an image, antialiased; the border is replicated.

    Args:
        image: ``[1, C, H, W]``.
        matrix: ``[3, 3]`` from pixel indices of the square to those of the image.
        size: side of the square in pixels.

    Returns:
        float32 ``[1, C, size, size]``.
    """
    from kornia.geometry.transform import warp_affine  # noqa: PLC0415 (slow to import)

    corners = apply(matrix, np.array([(-1, -1), (-1, size), (size, size), (size, -1)], dtype=np.float64))
    step = math.sqrt(abs(np.linalg.det(matrix[:2, :2])))  # pixels of the image for each pixel of the square
    limit = np.array([image.shape[-1], image.shape[-2]])
    low = np.clip(np.floor(corners.min(axis=0) - step).astype(int), 0, limit - 1)
    high = np.clip(np.ceil(corners.max(axis=0) + step).astype(int) + 1, low + 1, limit)
    part = image[..., low[1] : high[1], low[0] : high[0]].float()
    inner = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ matrix
    if step > 1:
        shape = part.shape[-2], part.shape[-1]
        smaller = max(round(shape[0] / step), 1), max(round(shape[1] / step), 1)
        part, inner = resize(part, smaller, "bilinear"), scaling(shape, smaller) @ inner
    to_square = torch.from_numpy(inverse(inner)[None, :2]).to(part)
    with torch.autocast(part.device.type, enabled=False):  # bfloat16 would move pixels: it holds 8 bits of a place
        return warp_affine(part, to_square, (size, size), padding_mode="border")
