"""How far an image is from the one it should be, pixel by pixel and edge by edge, from fine to coarse."""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["reconstruction_loss"]


def reconstruction_loss(images: Tensor, targets: Tensor, *, edges: float = 1.0, levels: int = 4) -> Tensor:
    """Mean absolute difference of pixels and of the steps between neighbours, averaged over halved sizes.

    ``L = mean over levels l of |e_l| + edges * (|dx e_l| + |dy e_l|)``, where ``e_l`` is the difference of the
    images, averaged over squares of ``2^l`` pixels, and ``| |`` is the mean absolute value.

    Args:
        images, targets: ``[N, 3, H, W]`` of one size.
        edges: weight of the horizontal and vertical steps.
        levels: number of sizes, full size included; those below 2 pixels are left out.
    """
    error = images - targets
    levels = min(levels, min(error.shape[-2:]).bit_length() - 1)
    total = error.new_zeros(())
    for level in range(levels):
        error = F.avg_pool2d(error, 2) if level else error
        total = total + error.abs().mean() + edges * (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean())
    return total / levels
