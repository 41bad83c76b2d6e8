"""map2style (Richardson et al. 2021, section 3.2): a feature map to one row of the code."""

from math import log2

from torch import Tensor, nn

from ..stylegan2.layers import EqualLinear

__all__ = ["MapToStyle"]


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
            self.convs.append(nn.LeakyReLU(0.01))  # PyTorch's slope, and not StyleGAN's 0.2
        self.linear = EqualLinear(w_dim, w_dim)

    def forward(self, x: Tensor) -> Tensor:  # [N, C, side, side] -> [N, D]
        return self.linear(self.convs(x).flatten(1))  # type: ignore[no-any-return]
