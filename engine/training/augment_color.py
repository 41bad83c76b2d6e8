"""The colour transforms of ADA: an affine map of RGB (Karras et al. 2020b, appendix B.3)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .augment import Drawn

__all__ = ["color_matrices", "recolor", "turn_about_grey"]


def color_matrices(drawn: Drawn) -> Tensor:
    """The map of each image, float64 ``[N, 4, 4]`` on the CPU, of homogeneous RGB in [-1, 1]."""
    p, strength = drawn.p, drawn.strengths
    eye = torch.eye(4, dtype=torch.float64)
    grey = torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64) / math.sqrt(3)
    luma = torch.outer(grey, grey)  # projects on the grey axis

    matrix = eye.repeat(len(drawn), 1, 1)
    light = torch.where(drawn.chosen("brightness", p * strength.brightness), 0.2 * drawn["brightness_by"], 0.0)
    matrix[:, :3, 3] = light[:, None]
    contrast = torch.where(drawn.chosen("contrast", p * strength.contrast), (0.5 * drawn["contrast_by"]).exp2(), 1.0)
    matrix = torch.diag_embed(torch.stack([contrast] * 3 + [torch.ones_like(contrast)], dim=1)) @ matrix
    flip = drawn.chosen("luma_flip", p * strength.luma_flip) & (drawn["luma_flip_side"] < 0.5)
    matrix = (eye - 2 * luma * flip[:, None, None]) @ matrix
    hue = torch.where(drawn.chosen("hue", p * strength.hue), (2 * drawn["hue_angle"] - 1) * math.pi, 0.0)
    matrix = turn_about_grey(hue) @ matrix
    saturation = torch.where(drawn.chosen("saturation", p * strength.saturation), drawn["saturation_by"].exp2(), 1.0)
    return torch.where((saturation == 1)[:, None, None], matrix, (luma + (eye - luma) * saturation[:, None, None]) @ matrix)


def turn_about_grey(angle: Tensor) -> Tensor:
    """Rotations of RGB about the grey axis (Rodrigues), ``[N, 4, 4]``."""
    axis = 1 / math.sqrt(3)
    cross = torch.tensor([[0.0, -axis, axis], [axis, 0.0, -axis], [-axis, axis, 0.0]], dtype=angle.dtype)
    turn = torch.eye(3, dtype=angle.dtype) + angle.sin()[:, None, None] * cross
    turn = turn + (1 - angle.cos())[:, None, None] * (cross @ cross)
    matrix = torch.eye(4, dtype=angle.dtype).repeat(len(angle), 1, 1)
    matrix[:, :3, :3] = turn
    return matrix


def recolor(images: Tensor, matrices: Tensor) -> Tensor:
    """Recolour those images ``[N, 3, H, W]`` whose matrix ``[N, 4, 4]`` changes anything."""
    changed = (matrices != torch.eye(4, dtype=matrices.dtype)).any(dim=2).any(dim=1).nonzero()[:, 0]
    if not len(changed):
        return images
    where, matrix = changed.to(images.device), matrices[changed].to(images.device, images.dtype)
    x = images[where]
    y = torch.einsum("nij,njhw->nihw", matrix[:, :3, :3], x) + matrix[:, :3, 3, None, None]
    return images.index_copy(0, where, y)
