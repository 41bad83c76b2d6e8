"""Whether people stay themselves when they are drawn."""

import torch
from torch import Tensor

from ..errors import ImageError

__all__ = ["diversity", "found_again", "psnr"]


def psnr(images: Tensor, targets: Tensor) -> Tensor:
    """Peak signal-to-noise ratio ``[N]`` in dB of images ``[N, 3, H, W]`` in [-1, 1]."""
    error = (images - targets).square().mean(dim=(1, 2, 3))
    return 10 * (4 / error).log10()


def diversity(images: Tensor) -> float:
    """How different images are from each other: root mean square of the pixels' differences, averaged over all pairs.

    0 where all people have become one. Hold it against the same people's, undrawn.

    Args:
        images: ``[N, 3, H, W]`` in [-1, 1], at least two.

    Raises:
        ImageError: there are fewer than two.
    """
    if len(images) < 2:
        raise ImageError(f"differences between people need at least two pictures, and {len(images)} was given")
    first, second = torch.triu_indices(len(images), len(images), offset=1)
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return torch.stack([(images[a] - images[b]).square().mean().sqrt() for a, b in pairs]).mean().item()


def found_again(drawn: Tensor, plain: Tensor) -> float:
    """Part of the drawn faces whose landmarks are nearest to those of their own plain face, among all of them.

    Each set's mean is taken off first, since a style moves everybody's features alike. With N people, 1 / N is chance.

    Args:
        drawn, plain: landmarks ``[N, K, 2]`` of the same people in the same order, in one unit.

    Raises:
        ImageError: their numbers differ.
    """
    if drawn.shape != plain.shape:
        raise ImageError(f"landmarks of drawn faces are {list(drawn.shape)}, and those of plain ones {list(plain.shape)}")
    first, second = ((points - points.mean(dim=0)).flatten(1) for points in (drawn, plain))
    nearest = torch.cdist(first, second).argmin(dim=1)
    return (nearest == torch.arange(len(plain))).float().mean().item()
