"""The layers that rows of w+ control: convolution with activation, and projection to RGB."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..stylegan2 import winograd
from ..stylegan2.layers import GAIN, bias_act, clamp
from ..stylegan2.modulated import ModulatedConv
from .activation import filtered_lrelu
from .config import LayerShape
from .filters import jinc, lowpass

__all__ = ["FilteredConv", "FilteredToRGB"]


class _Layer(nn.Module):
    """A modulated convolution whose input is scaled to unit magnitude by a moving average from training."""

    magnitude_ema: Tensor

    def __init__(self, shape: LayerShape, w_dim: int, conv_clamp: float | None, *, demodulate: bool) -> None:
        super().__init__()
        self.shape = shape
        self.conv_clamp = conv_clamp
        self.conv = ModulatedConv(shape.in_channels, shape.out_channels, shape.kernel_size, w_dim, demodulate=demodulate)
        self.bias = nn.Parameter(torch.zeros(shape.out_channels))
        self.register_buffer("magnitude_ema", torch.ones(()))


class FilteredConv(_Layer):
    """Modulated convolution, bias, and leaky ReLU between an up-sampling and a down-sampling filter."""

    up_filter: Tensor
    down_filter: Tensor

    def __init__(self, shape: LayerShape, w_dim: int, conv_clamp: float | None) -> None:
        super().__init__(shape, w_dim, conv_clamp, demodulate=True)
        rate, down = shape.inner_rate, jinc if shape.radial else lowpass
        self.register_buffer("up_filter", lowpass(shape.up_taps, shape.in_cutoff, shape.in_half_width, rate))
        self.register_buffer("down_filter", down(shape.down_taps, shape.out_cutoff, shape.out_half_width, rate))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """``[N, I, in_size, in_size]`` to ``[N, O, out_size, out_size]``, in the precision of `x`.

        The style is normalized to unit mean square, which matters only for the epsilon of the demodulation. The gain of the
        activation is folded into the convolution and the bias.

        Args:
            x: feature maps.
            w: ``[N, D]`` float32.
        """
        style = self.conv.modulation(w)
        style = style * style.square().mean(dim=1, keepdim=True).rsqrt()
        y = self.conv(self._padded(x), style, gain=self.magnitude_ema.rsqrt() * GAIN)
        y = bias_act(y, (self.bias * GAIN).to(y.dtype), slope=1)
        side = self.shape.in_size + self.shape.kernel_size - 1
        return filtered_lrelu(y[:, :, :side, :side], self.up_filter, self.down_filter, self.shape, self.conv_clamp)

    def _padded(self, x: Tensor) -> Tensor:
        """The published padding is the kernel size minus one on each side; the convolution adds half of it itself.

        Further padding at the end to a multiple of four, which is cropped afterwards, allows a faster convolution.
        """
        edge = self.shape.kernel_size // 2
        if not edge:
            return x
        after = edge + -(x.shape[-1] + 2 * edge) % winograd.STEP
        return F.pad(x, (edge, after, edge, after))


class FilteredToRGB(_Layer):
    """Modulated 1 x 1 convolution to RGB."""

    def __init__(self, shape: LayerShape, w_dim: int, conv_clamp: float | None) -> None:
        super().__init__(shape, w_dim, conv_clamp, demodulate=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features to an image, float32 ``[N, 3, H, W]``, before the output scale."""
        y = self.conv(x, self.conv.modulation(w), gain=self.magnitude_ema.rsqrt()).float().contiguous()
        return clamp(y + self.bias.view(-1, 1, 1), self.conv_clamp)
