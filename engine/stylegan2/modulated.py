"""Style-modulated convolution (Karras et al. 2020, equations 1 to 3), without a weight per sample.

The published form scales the weight by the style for every sample, normalises it, and runs a grouped
convolution. Two forms that compute the same are used here, whichever costs less:

scaled  scale the features by the style, convolve the whole batch with one shared weight, and scale
        the outputs by the demodulation. Best where features are small (low resolutions).
folded  fold style and demodulation into the weight, one sample after the other. Best where weights
        are small beside the features (high resolutions): not one pass over the features is added.

Where channels are many and nothing is learned, both forms convolve by Winograd's method.

The demodulation needs only the squared weight summed over its window, Q [O, I]:
``d = rsqrt(Q s^2 + 1e-8)``.
"""

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import winograd
from .layers import EqualLinear, gaussian
from .weight_cache import WeightCache

__all__ = ["ModulatedConv"]

EPS = 1e-8


Convolution = Callable[[Tensor, Tensor], Tensor]


class Form(NamedTuple):
    """How to compute, for features of one size."""

    folded: bool  # else scaled
    winograd: bool  # else directly


class Prepared(NamedTuple):
    """What can be made of a weight once, before any style is known."""

    kernel: Tensor  # what to convolve with; float32 and without a style where each sample gets its own
    squares: Tensor | None  # Q [O, I] in float32, or None without demodulation


class ModulatedConv(nn.Module):
    """Convolution whose input channels are scaled by a style, with or without demodulation.

    Args:
        in_channels, out_channels: features.
        kernel_size: odd.
        w_dim: dimensions of w.
        demodulate: normalise the outputs to unit variance.
        upsample: transposed convolution of stride 2, whose output ``[N, O, 2H + 1, 2W + 1]`` is still to be filtered.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        w_dim: int,
        *,
        demodulate: bool = True,
        upsample: bool = False,
    ) -> None:
        super().__init__()
        weight = gaussian(out_channels, in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last)[None])  # [1, O, I, k, k]
        self.modulation = EqualLinear(w_dim, in_channels, bias_init=1)
        self.scale = 1 / sqrt(in_channels * kernel_size**2)
        self.demodulate = demodulate
        self.upsample = upsample
        self._prepared = WeightCache[Prepared]()

    def forward(self, x: Tensor, style: Tensor, *, gain: float | Tensor = 1.0) -> Tensor:
        """Convolve.

        Args:
            x: ``[N, I, H, W]`` in the precision to compute in.
            style: ``[N, I]`` float32, the modulation's output.
            gain: multiplies the result.
        """
        form = self._form(x, style)
        prepared = self.prepare(form, x.dtype)
        out_gain = self.demodulation(style, prepared.squares) * gain
        if x.dtype == torch.float16 and self.demodulate:
            style, out_gain = _bounded(style, out_gain)
        convolve = winograd.convolve if form.winograd else self._convolve
        return (self._folded if form.folded else self._scaled)(x, style, out_gain, convolve, prepared.kernel)

    def _form(self, x: Tensor, style: Tensor) -> Form:
        """Which form moves and multiplies least for features of this size."""
        _, o, i, k, _ = self.weight.shape
        learning = torch.is_grad_enabled() and any(given.requires_grad for given in (x, style, self.weight))
        by_winograd = k == 3 and not self.upsample and not learning and winograd.pays(x, o)
        # folding builds a weight; scaling passes over the features twice
        weight = o * i * (winograd.positions(x.dtype) if by_winograd else k * k)
        features = x.shape[2] * x.shape[3] * (i + o * (4 if self.upsample else 1))
        return Form(3 * weight < features and (x.device.type == "cpu" or len(x) == 1), by_winograd)

    def demodulation(self, style: Tensor, squares: Tensor | None) -> Tensor:
        """The factor for each output channel, ``[N, O]``, the equalized learning rate's scale included."""
        if squares is None:
            return style.new_full((len(style), self.weight.shape[1]), self.scale)
        return self.scale * (self.scale**2 * F.linear(style.square(), squares) + EPS).rsqrt()

    def prepare(self, form: Form, dtype: torch.dtype) -> Prepared:
        """The weight in the form to convolve with; made once while the weight is frozen."""
        return self._prepared.get([self.weight], lambda: self._prepare(form, dtype), form, dtype)

    def _prepare(self, form: Form, dtype: torch.dtype) -> Prepared:
        weight = self.weight[0]
        squares = weight.float().square().sum(dim=(2, 3)) if self.demodulate else None
        if form.winograd:
            kernel = winograd.transform_weight(weight, dtype)  # [positions, I, O]
            return Prepared(kernel if form.folded else kernel.to(dtype), squares)
        return Prepared(weight if form.folded else self._kernel(weight, dtype), squares)

    def _kernel(self, weight: Tensor, dtype: torch.dtype) -> Tensor:
        if self.upsample:
            weight = weight.transpose(0, 1)
        return weight.to(dtype).contiguous(memory_format=torch.channels_last)

    @staticmethod
    def _scaled(x: Tensor, style: Tensor, out_gain: Tensor, convolve: Convolution, kernel: Tensor) -> Tensor:
        y = convolve(x * style.to(x.dtype)[:, :, None, None], kernel)
        out_gain = out_gain.to(y.dtype)[:, :, None, None]
        return y * out_gain if torch.is_grad_enabled() else y.mul_(out_gain)

    def _folded(self, x: Tensor, style: Tensor, out_gain: Tensor, convolve: Convolution, kernel: Tensor) -> Tensor:
        def own(style: Tensor, out_gain: Tensor) -> Tensor:
            if kernel.ndim == 3:
                return (kernel * (style[:, None] * out_gain)).to(x.dtype)
            return self._kernel(kernel * (out_gain[:, None] * style)[:, :, None, None], x.dtype)

        # split, not unbind: an image with a new first axis no longer counts as channels-last, nor does a 1 x 1 kernel
        images = [convolve(image, own(*its)) for image, *its in zip(x.split(1), style, out_gain, strict=True)]
        return images[0] if len(images) == 1 else torch.cat(images)

    def _convolve(self, x: Tensor, kernel: Tensor) -> Tensor:
        if self.upsample:
            return F.conv_transpose2d(x, kernel, stride=2)
        return F.conv2d(x, kernel, padding=kernel.shape[-1] // 2)


def _bounded(style: Tensor, out_gain: Tensor) -> tuple[Tensor, Tensor]:
    """Styles of at most 1, so that float16 does not overflow; the outputs make up for it."""
    largest = style.abs().amax(dim=1, keepdim=True).clamp_min(EPS)
    return style / largest, out_gain * largest
