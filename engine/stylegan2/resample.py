"""Changing resolution with a FIR filter (up-sample, filter, down-sample).

Karras et al. 2020, section 2; the published [1, 3, 3, 1]. The filter is the outer product of its
taps, normalised to sum 1. A direct depthwise convolution with the 4 x 4 kernel beats two passes of
four taps on a CPU, since both are bound by memory, so nothing here is split by axis.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["downsample", "filter2d", "upfirdn", "upsample"]

Padding = tuple[int, int]


@lru_cache(maxsize=32)
def _kernel(taps: tuple[float, ...], gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        row = torch.tensor(taps, dtype=torch.float64)
        kernel = torch.outer(row, row)
        return (kernel * (gain / kernel.sum())).to(device=device, dtype=dtype)


def upfirdn(
    x: Tensor, taps: Sequence[float], *, up: int = 1, down: int = 1, pad: Padding = (0, 0), gain: float = 1.0
) -> Tensor:
    """Insert zeros, pad, filter, keep every `down`-th pixel.

    Args:
        x: ``[N, C, H, W]``.
        taps: one axis of the separable filter.
        up: zeros are inserted so that each axis grows by this factor.
        down: each axis shrinks by this factor.
        pad: pixels added before and after on both axes, counted after the insertion; may be negative.
        gain: sum of the two-dimensional filter.

    Differentiable to any order; keeps nothing of `x` for the backward pass.
    """
    return _Upfirdn.apply(x, tuple(taps), up, down, pad, gain)  # type: ignore[no-any-return,no-untyped-call]


class _Upfirdn(torch.autograd.Function):
    """Its own transpose, with `up` and `down` exchanged, is its derivative."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, taps: tuple[float, ...], up: int, down: int, pad: Padding, gain: float) -> Tensor:
        y = _upfirdn(x, taps, up, down, pad, gain)
        ctx.transposed = taps[::-1], down, up, _transposed_padding(x, y, len(taps), up, down, pad), gain
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        taps, up, down, pad, gain = ctx.transposed
        return _Upfirdn.apply(grads[0], taps, up, down, pad, gain), None, None, None, None, None  # type: ignore[no-untyped-call]


def _transposed_padding(x: Tensor, y: Tensor, taps: int, up: int, down: int, pad: Padding) -> Padding:
    before = taps - pad[0] - 1
    return before, x.shape[-1] * up - y.shape[-1] * down + pad[0] - up + 1


def _upfirdn(x: Tensor, taps: tuple[float, ...], up: int, down: int, pad: Padding, gain: float) -> Tensor:
    if up > 1 and down > 1:
        x, up, pad = _insert_zeros(x, up), 1, (pad[0], pad[1] + up - 1)
    channels = x.shape[1]
    kernel = _kernel(taps, gain, x.dtype, x.device).expand(channels, 1, -1, -1)
    if up > 1:
        return _transposed(x, kernel, up, pad)
    if min(pad) < 0 or pad[0] != pad[1]:
        x, pad = F.pad(x, (pad[0], pad[1], pad[0], pad[1])), (0, 0)
    return F.conv2d(x, kernel.flip(2, 3), stride=down, padding=pad[0], groups=channels)


def _transposed(x: Tensor, kernel: Tensor, up: int, pad: Padding) -> Tensor:
    """Zero insertion and convolution are a transposed convolution; then pad or crop what remains.

    On a CPU, such a convolution of each channel by itself is fast in float32 and channels-last layout alone: otherwise it takes
    four to forty times as long, to the same bits.
    """
    wide, weight = x, kernel
    if x.device.type == "cpu":
        wide = x.to(torch.promote_types(x.dtype, torch.float32)).contiguous(memory_format=torch.channels_last)
        weight = kernel.to(wide.dtype)
    y = F.conv_transpose2d(wide, weight, stride=up, groups=x.shape[1]).to(x.dtype)
    taps = kernel.shape[-1]
    before, after = pad[0] - taps + 1, pad[1] - taps + up
    y = F.pad(y, (before, after, before, after)) if before or after else y
    return y.contiguous() if x.is_contiguous() else y


def _insert_zeros(x: Tensor, up: int) -> Tensor:
    n, c, h, w = x.shape
    y = x.new_zeros(n, c, (h - 1) * up + 1, (w - 1) * up + 1)
    y[:, :, ::up, ::up] = x
    return y


def filter2d(x: Tensor, taps: Sequence[float], pad: Padding, gain: float = 1.0) -> Tensor:
    """Filter without a change of resolution."""
    return upfirdn(x, taps, pad=pad, gain=gain)


def upsample(x: Tensor, taps: Sequence[float]) -> Tensor:
    """Twice the size: ``[N, C, H, W] -> [N, C, 2H, 2W]``."""
    extra = len(taps) - 2
    return upfirdn(x, taps, up=2, pad=((extra + 1) // 2 + 1, extra // 2), gain=4.0)


def downsample(x: Tensor, taps: Sequence[float]) -> Tensor:
    """Half the size: ``[N, C, 2H, 2W] -> [N, C, H, W]``."""
    extra = len(taps) - 2
    return upfirdn(x, taps, down=2, pad=((extra + 1) // 2, extra // 2))
