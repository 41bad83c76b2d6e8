"""Gaussian blurs and gradients, with sizes relative to the image's side.

The gradients are differences of slices: kornia's `spatial_gradient` gives the same numbers by a convolution, which took three
to six times as long on a CPU.
"""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["blur", "blur_inside", "slope", "slopes", "smoothstep"]


def smoothstep(x: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """Smooth step from 0 at `low` to 1 at `high` (which may lie below)."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def blur(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of ``[N, C, H, W]``; `sigma` in sides of the image.

    A wide blur runs on a smaller image, which is cheaper and looks the same.
    """
    side = x.shape[-1]
    small = max(1, int(sigma * side / 4))
    if small == 1:
        return _convolve(x, sigma * side)
    shrunk = F.interpolate(x, (max(4, x.shape[-2] // small), max(4, side // small)), mode="area")
    return F.interpolate(_convolve(shrunk, sigma * shrunk.shape[-1]), x.shape[-2:], mode="bilinear", align_corners=False)


def _convolve(x: Tensor, sigma: float) -> Tensor:
    from kornia.filters import gaussian_blur2d  # noqa: PLC0415 (slow to import)

    if sigma < 0.2:
        return x
    reach = min(int(3 * sigma + 1), x.shape[-1] - 1, x.shape[-2] - 1)
    return gaussian_blur2d(x, (2 * reach + 1,) * 2, (sigma, sigma), border_type="replicate")


def blur_inside(x: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Blur that ignores pixels where `mask` is 0."""
    return blur(x * mask, sigma) / blur(mask, sigma).clamp_min(1e-3)


def slopes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients to the right and downwards, per side of the image."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    half = 0.5 * x.shape[-1]
    return half * (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]), half * (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1])


def slope(x: Tensor) -> Tensor:
    """Magnitude of the gradient, per side of the image."""
    right, down = slopes(x)
    return (right * right + down * down + 1e-12).sqrt()
