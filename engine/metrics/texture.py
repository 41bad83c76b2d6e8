"""Fine texture of a picture: how much there is, and whether it is strokes or grain."""

import torch
from torch import Tensor

from ..images import luma

__all__ = ["grain_correlation", "high_pass", "texture_energy", "texture_ratio"]

SIGMA = 2.0  # pixels at a side of 256; wider details count as form, not as texture
SIDE = 256


def high_pass(images: Tensor) -> Tensor:
    """Luma minus its Gaussian blur, ``[N, 1, H, W]``.

    The blur is 2 pixels at a side of 256, and grows with the image, so that one image in two sizes has the same
    details.

    Args:
        images: ``[N, 3, H, W]`` in [-1, 1].
    """
    from kornia.filters import gaussian_blur2d  # noqa: PLC0415 (slow to import)

    grey = luma(images)
    sigma = SIGMA * min(grey.shape[-2:]) / SIDE
    side = 2 * max(1, round(3 * sigma)) + 1
    return grey - gaussian_blur2d(grey, (side, side), (sigma, sigma))


def texture_energy(images: Tensor) -> Tensor:
    """Mean square ``[N]`` of the high-pass of images ``[N, 3, H, W]`` in [-1, 1]."""
    return high_pass(images).square().mean(dim=(1, 2, 3))


def texture_ratio(images: Tensor, reference: Tensor) -> Tensor:
    """Texture energy ``[N]`` of images ``[N, 3, H, W]``, divided by that of one reference ``[1, 3, H, W]`` of their size.

    1 is as much texture as the reference has, 0 a blur. It does not say what the texture is: see `grain_correlation`.
    """
    return texture_energy(images) / texture_energy(reference).clamp_min(torch.finfo(reference.dtype).tiny)


def grain_correlation(images: Tensor, lag: int = 2) -> Tensor:
    """Autocorrelation ``[N]`` of the high-pass at `lag` pixels, averaged over both directions; -1 to 1.

    A stroke or an outline goes on for some pixels: at 256 pixels and a lag of 2 drawings and paintings have 0.1 to
    0.5. White noise has -0.05, and a pattern that turns over every two pixels less. An image without
    any texture has 0. Compare with the reference's.

    Args:
        images: ``[N, 3, H, W]`` in [-1, 1].
    """
    detail = high_pass(images)
    energy = detail.square().mean(dim=(1, 2, 3))
    down = (detail[:, :, lag:] * detail[:, :, :-lag]).mean(dim=(1, 2, 3))
    across = (detail[..., lag:] * detail[..., :-lag]).mean(dim=(1, 2, 3))
    return (down + across) / 2 / energy.clamp_min(torch.finfo(energy.dtype).tiny)
