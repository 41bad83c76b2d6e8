"""Noise regularization (Karras et al. 2020, appendix D), which prevents optimized noise maps from encoding the image."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["noise_penalty", "normalize_noise"]


def noise_penalty(maps: Sequence[Tensor]) -> Tensor:
    """Squared correlation of each map with itself shifted by a pixel, at every halving down to 8, summed over maps and images.

    Args:
        maps: ``[N, 1, H, H]`` each.
    """
    total = maps[0].new_zeros(())
    for level in maps:
        while True:
            for axis in (3, 2):
                total = total + (level * level.roll(1, axis)).mean(dim=(1, 2, 3)).square().sum()
            if level.shape[-1] <= 8:
                break
            level = F.avg_pool2d(level, 2)  # noqa: PLW2901
    return total


@torch.no_grad()
def normalize_noise(maps: Sequence[Tensor]) -> None:
    """Give every map of every image mean 0 and standard deviation 1, in place."""
    for level in maps:
        level.sub_(level.mean(dim=(1, 2, 3), keepdim=True)).div_(level.std(dim=(1, 2, 3), keepdim=True))
