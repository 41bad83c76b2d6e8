"""IR-SE-50, the residual network under every published encoder and under ArcFace.

Deng et al. 2019, section 3.1 (the unit), with squeeze and excitation (Hu et al. 2018), in the parameter
names of TreB1eN/InsightFace_Pytorch, which pSp, e4e, ReStyle, AgileGAN and BlendGAN share.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["UNITS", "Backbone"]

UNITS = (3, 4, 14, 3)  # of the four stages; the first of a stage halves the resolution
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
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.PReLU(out_channels),
            nn.Conv2d(out_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            SqueezeExcite(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.res_layer(x) + self.shortcut_layer(x)  # type: ignore[no-any-return]


class Backbone(nn.Module):
    """The convolutional part; encoders add their heads to it.

    Args:
        in_channels: of the image.
        stem: channels of the first convolution.
        widths: channels of the four stages.
    """

    def __init__(self, in_channels: int = 3, stem: int = 64, widths: tuple[int, ...] = (64, 128, 256, 512)) -> None:
        super().__init__()
        self.input_layer = nn.Sequential(
            nn.Conv2d(in_channels, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem), nn.PReLU(stem)
        )
        self.body = nn.Sequential()
        for (before, width), units in zip(itertools.pairwise((stem, *widths)), UNITS, strict=True):
            self.body.append(Unit(before, width, stride=2))
            self.body.extend(Unit(width, width, stride=1) for _ in range(units - 1))

    def stages(self, images: Tensor) -> list[Tensor]:
        """Features after each stage, ``[N, widths[i], H / 2^(i + 1), W / 2^(i + 1)]``.

        Args:
            images: ``[N, in_channels, H, W]`` in [-1, 1].
        """
        x = self.input_layer(images.contiguous(memory_format=torch.channels_last))
        found = []
        ends = list(itertools.accumulate(UNITS))
        for count, unit in enumerate(self.body, start=1):
            x = unit(x)
            if count in ends:
                found.append(x)
        return found
