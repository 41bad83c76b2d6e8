"""How far an image's texture is from the one it should have, wherever its strokes lie exactly."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .reconstruction import reconstruction_loss

__all__ = ["texture_loss", "textured_loss"]

WINDOWS = (4, 8)  # pixels
FLOOR = 4e-4  # added to mean squares, so that the gradient of their root stays bounded
SMALLEST_SIDE = 32  # of the sizes that are compared


def texture_loss(images: Tensor, targets: Tensor) -> Tensor:
    """Mean absolute difference of the local contrast in five orientations, from fine to coarse (ours).

    ``L = mean over sizes s and windows v of mean |c_sv(image) - c_sv(target)|``, where ``c_sv`` is the root mean square, in
    windows of v pixels that overlap by half, of the steps to the right, down, along both diagonals, and to the mean of the four
    neighbours. The sizes are the full one and its halves, down to 32 pixels.

    A detail that can't be foreseen, such as a strand of hair, costs twice in a comparison of pixels if it is drawn beside its
    place, and once if it is left out: so such a loss blurs. Here only the amount and the orientation count.

    Args:
        images, targets: ``[N, 3, H, W]`` of one size in [-1, 1].
    """
    total, terms = images.new_zeros(()), 0
    while True:
        steps = [_steps(part).square() for part in (images, targets)]
        for window in WINDOWS:
            drawn, wanted = (_contrast(part, min(window, *part.shape[-2:])) for part in steps)
            total, terms = total + (drawn - wanted).abs().mean(), terms + 1
        if min(images.shape[-2:]) < 2 * SMALLEST_SIDE:
            return total / terms
        images, targets = F.avg_pool2d(images, 2), F.avg_pool2d(targets, 2)


def textured_loss(images: Tensor, targets: Tensor, *, fine: float = 0.3, texture: float = 9.0) -> Tensor:
    """How far an image is from one that its code foretells but for the details (ours): one number.

    ``L = fine * L_rec(x, y) + (1 - fine) * L_rec(x / 4, y / 4) + texture * L_texture(x, y)``, where L_rec is
    `reconstruction_loss` and ``x / 4`` is the image at a quarter of its side.

    Args:
        images, targets: ``[N, 3, H, W]`` of one size in [-1, 1].
        fine: share of the comparison of pixels that is made at full size.
        texture: weight of the texture loss.
    """
    loss = fine * reconstruction_loss(images, targets)
    if fine < 1:
        loss = loss + (1 - fine) * reconstruction_loss(*(F.avg_pool2d(part, 4) for part in (images, targets)))
    return loss + texture * texture_loss(images, targets) if texture else loss


def _steps(images: Tensor) -> Tensor:
    """Differences ``[N, 5 C, H, W]`` to neighbours; a pixel beyond the edge is like the nearest one."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    right, left = padded[..., 1:-1, 2:], padded[..., 1:-1, :-2]
    below, above = padded[..., 2:, 1:-1], padded[..., :-2, 1:-1]
    neighbours = (right, below, padded[..., 2:, 2:], padded[..., 2:, :-2], (right + left + below + above) / 4)
    return torch.cat([other - images for other in neighbours], dim=1)


def _contrast(squares: Tensor, window: int) -> Tensor:
    return (F.avg_pool2d(squares, window, max(1, window // 2), ceil_mode=True) + FLOOR).sqrt()
