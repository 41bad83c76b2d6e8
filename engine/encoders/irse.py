"""The units of IR-SE-50, the residual network under most published encoders and under ArcFace.

Deng et al. 2019, section 3.1, with squeeze and excitation (Hu et al. 2018), in the parameter names of
TreB1eN/InsightFace_Pytorch, which pSp, e4e, ReStyle, AgileGAN and BlendGAN share.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from .convolution import Conv

__all__ = ["Projection", "Unit", "stem"]

REDUCTION = 16


class SqueezeExcite(nn.Module):
    """Scale every channel by a gate that sees the whole image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(channels // REDUCTION, 1)
        self.fc1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        fc1, fc2 = self.fc1.weight.flatten(1), self.fc2.weight.flatten(1)  # convolutions of one pixel are products
        gate = F.linear(F.relu(F.linear(x.mean(dim=(2, 3)), fc1)), fc2).sigmoid()
        return x * gate[:, :, None, None]


class Subsample(nn.Module):
    """Keep every `stride`-th pixel: the shortcut where the channels stay."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.stride, :: self.stride]


class Projection(nn.Conv2d):
    """The shortcut where the channels change: a 1 x 1 convolution of every `stride`-th pixel.

    The pixels are chosen before the convolution. With the stride in the convolution, and few channels,
    oneDNN overwrites foreign memory in the backward pass (PyTorch 2.13, channels last, 4 to 8 channels).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, 1, bias=False)
        self.step = stride

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[:, :, :: self.step, :: self.step])


class Unit(nn.Module):
    """``[N, I, H, W] -> [N, O, H / stride, W / stride]``: two convolutions, the second with the stride, beside a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.shortcut_layer: nn.Module = Subsample(stride)
        if in_channels != out_channels:
            self.shortcut_layer = nn.Sequential(Projection(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            Conv(in_channels, out_channels),
            nn.PReLU(out_channels),
            Conv(out_channels, out_channels, stride),
            nn.BatchNorm2d(out_channels),
            SqueezeExcite(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.res_layer(x) + self.shortcut_layer(x)  # type: ignore[no-any-return]


def stem(in_channels: int, channels: int) -> dict[str, nn.Module]:
    """What comes before the units: ``[N, in_channels, H, W] -> [N, channels, H, W]``."""
    layers = nn.Sequential(Conv(in_channels, channels), nn.BatchNorm2d(channels), nn.PReLU(channels))
    return {"input_layer": layers}
