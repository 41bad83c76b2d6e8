"""Modulative residual blocks (ModRes): the structure of a style, added to the features of a face.

    x + weight * conv2(AdaIN2(conv(AdaIN(x))))

Adaptive instance normalisation (Huang and Belongie 2017) gives every channel the mean and deviation that the
style asks for. Both are linear in the style code, so they are computed once for a style and not for every image.
"""

from math import sqrt
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..stylegan2 import winograd
from ..stylegan2.layers import GAIN, bias_act, gaussian
from ..stylegan2.synthesis_layers import ChannelBias
from ..stylegan2.weight_cache import WeightCache

__all__ = ["Affine", "ModRes"]

EPS = 1e-5
WINOGRAD_SIDE = 32  # below it, the transformed weights of 38 MB a convolution are not worth their memory


class Affine(NamedTuple):
    """What a style asks of the channels: their deviation and mean."""

    gamma: Tensor  # [N, C]
    beta: Tensor  # [N, C]


class AdaptiveNorm(nn.Module):
    """AdaIN: the layer that turns a style code into deviations and means."""

    def __init__(self, channels: int, w_dim: int) -> None:
        super().__init__()
        self.style = nn.Linear(w_dim, 2 * channels)
        nn.init.constant_(self.style.bias[:channels], 1)
        nn.init.constant_(self.style.bias[channels:], 0)

    def affine(self, code: Tensor) -> Affine:
        """A row of the structure code ``[N, D]``."""
        return Affine(*self.style(code).chunk(2, dim=1))


def _normalized(x: Tensor, affine: Affine, gain: float) -> Tensor:
    """``gain * (gamma * (x - mean) / deviation + beta)``, in one pass over the features."""
    variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0)  # [N, C]
    factor = gain * affine.gamma * (variance + EPS).rsqrt()
    offset = gain * affine.beta - mean * factor
    return torch.addcmul(offset.to(x.dtype)[:, :, None, None], x, factor.to(x.dtype)[:, :, None, None])


class EqualConv(nn.Module):
    """3 x 3 convolution with an equalized learning rate, whose `scale` is the caller's to apply to the features."""

    def __init__(self, channels: int, wanted: int) -> None:
        super().__init__()
        weight = gaussian(wanted, channels, 3, 3, std=0.01)
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        self.scale = 1 / sqrt(9 * channels)
        self._transformed = WeightCache[Tensor]()

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight
        learning = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
        fast = not learning and x.dtype == torch.float32 and x.shape[2] >= WINOGRAD_SIDE and winograd.pays(x, len(weight))
        if not fast:
            return F.conv2d(x, weight.to(x.dtype), padding=1)
        transformed = self._transformed.get([weight], lambda: winograd.transform_weight(weight, torch.float32))
        return winograd.convolve(x, transformed)


class ModRes(nn.Module):
    """A residual block that a style code modulates.

    Args:
        channels: of the features.
        w_dim: dimensions of the structure code.
        hidden: features between its convolutions; as many as `channels` if None.
    """

    def __init__(self, channels: int, w_dim: int, hidden: int | None = None) -> None:
        super().__init__()
        between = channels if hidden is None else min(hidden, channels)
        self.conv = nn.ModuleList([EqualConv(channels, between), ChannelBias(between)])
        self.conv2 = nn.ModuleList([EqualConv(between, channels), ChannelBias(channels)])
        self.norm = AdaptiveNorm(channels, w_dim)
        self.norm2 = AdaptiveNorm(between, w_dim)

    def affines(self, code: Tensor) -> tuple[Affine, Affine]:
        """What a row of the structure code ``[N, D]`` asks of both normalisations."""
        return self.norm.affine(code), self.norm2.affine(code)

    def forward(self, x: Tensor, affines: tuple[Affine, Affine], weight: float) -> Tensor:
        """Features ``[N, C, H, W]`` with `weight` times the style's structure added.

        Args:
            affines: of the style, for N images or for one.
        """
        y = _convolved(self.conv2, _convolved(self.conv, x, affines[0]), affines[1])
        return torch.add(x, y, alpha=weight)


def _convolved(layers: nn.ModuleList, x: Tensor, affine: Affine) -> Tensor:
    """Normalisation, convolution, bias, leaky ReLU."""
    conv, activate = layers
    assert isinstance(conv, EqualConv)
    assert isinstance(activate, ChannelBias)
    y = conv(_normalized(x, affine, conv.scale * GAIN))
    return bias_act(y, (activate.bias * GAIN).to(y.dtype))
