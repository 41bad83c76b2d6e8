"""map2style (Richardson et al. 2021, section 3.2): a feature map to rows of the code."""

from collections.abc import Sequence
from math import log2

import torch
from torch import Tensor, nn

from ..stylegan2.layers import EqualLinear, bias_act
from .convolution import learns
from .strided_conv import SharedStridedConv

__all__ = ["MapToStyle", "read_rows"]

SLOPE = 0.01  # PyTorch's, and not StyleGAN's 0.2


class MapToStyle(nn.Module):
    """Halve a feature map until one pixel is left, then a linear layer.

    Args:
        in_channels: of the feature map.
        w_dim: dimensions of the row.
        side: of the feature map; a power of two.
    """

    def __init__(self, in_channels: int, w_dim: int, side: int) -> None:
        super().__init__()
        self.convs = nn.Sequential()
        for index in range(int(log2(side))):
            self.convs.append(nn.Conv2d(in_channels if index == 0 else w_dim, w_dim, 3, stride=2, padding=1))
            self.convs.append(nn.LeakyReLU(SLOPE))
        self.linear = EqualLinear(w_dim, w_dim)

    def forward(self, x: Tensor) -> Tensor:  # [N, C, side, side] -> [N, D]
        return read_rows([self], x)[0]

    def from_half(self, x: Tensor) -> Tensor:
        """The row ``[N, D]`` from what the first convolution gave, ``[N, D, side / 2, side / 2]``, without its bias."""
        first = self.convs[0]
        assert isinstance(first, nn.Conv2d)
        assert first.bias is not None
        x = self.convs[2:](bias_act(x, first.bias.to(x.dtype), slope=SLOPE))
        with torch.autocast(x.device.type, enabled=False):
            return self.linear(x.flatten(1).float())  # type: ignore[no-any-return]


def read_rows(heads: Sequence[MapToStyle], x: Tensor) -> list[Tensor]:
    """The row ``[N, D]`` of every head that reads the feature map `x`."""
    if not heads:
        return []
    firsts = [head.convs[0] for head in heads]
    convolve = SharedStridedConv(x, learning=learns(x, *(first.weight for first in firsts)))  # type: ignore[arg-type]
    return [head.from_half(convolve(first)) for head, first in zip(heads, firsts, strict=True)]  # type: ignore[arg-type]
