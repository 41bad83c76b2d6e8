"""The two kinds of layer that a style drives: a convolution, and a projection to RGB."""

import torch
from torch import Tensor, nn

from .config import GeneratorConfig
from .layers import GAIN, bias_act, clamp
from .modulated import ModulatedConv
from .resample import filter2d, upsample

__all__ = ["Layer", "StyledConv", "ToRGB"]


class NoiseStrength(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))


class ChannelBias(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))


class StyledConv(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias, leaky ReLU; doubles the resolution if `upsample`."""

    def __init__(self, in_channels: int, out_channels: int, config: GeneratorConfig, *, upsample: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(in_channels, out_channels, 3, config.w_dim, upsample=upsample)
        self.noise = NoiseStrength()
        self.activate = ChannelBias(out_channels)
        self.taps = config.resample_filter if upsample else None
        self.conv_clamp = config.conv_clamp

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        """``[N, I, H, W]`` to ``[N, O, H, W]`` or ``[N, O, 2H, 2W]``.

        Args:
            x: features, in the precision to compute in.
            style: ``[N, I]`` float32.
            noise: ``[N or 1, 1, H, W]`` of the output's size, or None.
        """
        y = self.conv(x, style, gain=GAIN)
        if self.taps:
            y = filter2d(y, self.taps, pad=((len(self.taps) - 1) // 2, len(self.taps) // 2 - 1), gain=4.0)
        scaled = None if noise is None else (noise * (self.noise.weight * GAIN)).to(y.dtype)
        y = bias_act(y, (self.activate.bias * GAIN).to(y.dtype), scaled)
        return clamp(y, self.conv_clamp)


class ToRGB(nn.Module):
    """Modulated 1 x 1 convolution to three channels, added to the up-sampled image so far."""

    def __init__(self, in_channels: int, config: GeneratorConfig) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.conv = ModulatedConv(in_channels, 3, 1, config.w_dim, demodulate=False)
        self.taps = config.resample_filter
        self.conv_clamp = config.conv_clamp

    def forward(self, x: Tensor, style: Tensor, rgb: Tensor | None) -> Tensor:
        """Features ``[N, C, H, W]`` and the image of half the size, or None, to the image, float32 ``[N, 3, H, W]``."""
        y = self.conv(x, style).float().contiguous() + self.bias.float()
        y = clamp(y, self.conv_clamp)
        return y if rgb is None else y + upsample(rgb, self.taps)


Layer = StyledConv | ToRGB
