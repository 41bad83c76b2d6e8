"""The blocks of ResNet-34 (He et al. 2016), in torchvision's parameter names, as ReStyle lays them out.

Must match ``ResNetBackboneEncoder`` of yuval-alaluf/restyle-encoder: no max pooling, and a PReLU, named
``relu``, after the first convolution.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .convolution import Conv
from .irse import Projection

__all__ = ["Block", "stem"]


class Block(nn.Module):
    """``[N, I, H, W] -> [N, O, H / stride, W / stride]``: two convolutions, the first with the stride, beside a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Conv(in_channels, out_channels, stride)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = Conv(out_channels, out_channels)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(Projection(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


def stem(in_channels: int, channels: int) -> dict[str, nn.Module]:
    """What comes before the blocks: ``[N, in_channels, H, W] -> [N, channels, H / 2, W / 2]``."""
    conv = nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False)
    return {"conv1": conv, "bn1": nn.BatchNorm2d(channels), "relu": nn.PReLU(channels)}
