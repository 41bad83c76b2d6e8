"""Conversion between ComfyUI's images ``[N, H, W, 3]`` in [0, 1] and the engine's ``[N, 3, H, W]`` in [-1, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["from_comfy", "mask_to_comfy", "to_comfy"]


def from_comfy(images: Tensor) -> Tensor:
    """Convert an IMAGE for the engine. Transparent pixels become white."""
    colours = images[..., :3].float()
    if images.shape[-1] == 4:
        colours = torch.lerp(torch.ones_like(colours), colours, images[..., 3:].float())
    if images.shape[-1] == 1:
        colours = colours.expand(-1, -1, -1, 3)
    return colours.movedim(-1, 1).mul(2).sub(1).cpu()


def to_comfy(images: Tensor) -> Tensor:
    """Convert images of the engine to an IMAGE."""
    return images.float().add(1).div(2).clamp(0, 1).movedim(1, -1).contiguous().cpu()


def mask_to_comfy(mask: Tensor) -> Tensor:
    """Convert ``[N, 1, H, W]`` to a MASK ``[N, H, W]``."""
    return mask[:, 0].float().contiguous().cpu()
