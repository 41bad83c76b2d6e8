"""StyleGAN2 discriminator (Karras et al. 2020), in the parameter names of rosinality/stylegan2-pytorch.

Gains are folded where that is exact: a leaky ReLU's sqrt 2 into the convolution and bias before it, and
a residual block's 1 / sqrt 2 into its two last convolutions.
"""

from collections.abc import Sequence
from math import sqrt

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from .config import DiscriminatorConfig, resolutions
from .layers import GAIN, EqualLinear, bias_act, clamp, compute_dtype, gaussian
from .resample import downsample, filter2d

__all__ = ["Discriminator", "minibatch_stddev"]

HALF = sqrt(0.5)


class EqualConv(nn.Module):
    """Convolution with an equalized learning rate, no bias; `gain` multiplies the result."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, gain: float = 1.0, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        weight = gaussian(out_channels, in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        self.scale = gain / sqrt(in_channels * kernel_size**2)
        self.stride = stride
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, (self.weight * self.scale).to(x.dtype), stride=self.stride, padding=self.padding)


class BiasAct(nn.Module):
    """Bias and leaky ReLU, for features that `gain` has been applied to."""

    def __init__(self, channels: int, *, gain: float = GAIN) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return bias_act(x, (self.bias * self.gain).to(x.dtype))


class Filter(nn.Module):
    """The FIR filter before a strided 3 x 3 convolution."""

    def __init__(self, taps: tuple[float, ...]) -> None:
        super().__init__()
        self.taps = taps

    def forward(self, x: Tensor) -> Tensor:
        extra = len(self.taps)
        return filter2d(x, self.taps, pad=((extra + 1) // 2, extra // 2))


class Downsample(Filter):
    """The FIR filter of the skip path, which keeps every second pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return downsample(x, self.taps)


class ResBlock(nn.Module):
    """``[N, I, H, W] -> [N, O, H/2, W/2]``: two 3 x 3 convolutions beside a 1 x 1 skip."""

    def __init__(self, in_channels: int, out_channels: int, config: DiscriminatorConfig) -> None:
        super().__init__()
        taps = config.resample_filter
        self.conv1 = nn.Sequential(EqualConv(in_channels, in_channels, 3, gain=GAIN, padding=1), BiasAct(in_channels))
        narrow = EqualConv(in_channels, out_channels, 3, gain=GAIN * HALF, stride=2)
        self.conv2 = nn.Sequential(Filter(taps), narrow, BiasAct(out_channels, gain=GAIN * HALF))
        self.skip = nn.Sequential(Downsample(taps), EqualConv(in_channels, out_channels, 1, gain=HALF))
        self.conv_clamp = config.conv_clamp

    def forward(self, x: Tensor) -> Tensor:
        half = self.conv_clamp and self.conv_clamp * HALF
        main = clamp(self.conv2(clamp(self.conv1(x), self.conv_clamp)), half)
        return main + clamp(self.skip(x), half)


class Discriminator(nn.Module):
    """Images ``[N, 3, H, W]`` in [-1, 1] to logits ``[N, 1]``; more means more real."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        channels, sides = config.channels, resolutions(config.resolution)[::-1]
        self.convs = nn.ModuleList([nn.Sequential(EqualConv(3, channels[sides[0]], 1, gain=GAIN), BiasAct(channels[sides[0]]))])
        self.convs.extend(ResBlock(channels[side], channels[side // 2], config) for side in sides[:-1])
        last = channels[4]
        self.final_conv = nn.Sequential(EqualConv(last + 1, last, 3, gain=GAIN, padding=1), BiasAct(last))
        self.final_linear = nn.Sequential(EqualLinear(last * 16, last, activate=True), EqualLinear(last, 1))

    @property
    def resolution(self) -> int:
        """Side of the images in pixels."""
        return self.config.resolution

    @property
    def depth(self) -> int:
        """How many blocks `features` can tell of."""
        return len(self.convs)

    def features(self, images: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """Activations after the given ones of `convs` (0 is the 1 x 1 from-RGB layer); stops after the last.

        Images are independent here: the minibatch standard deviation comes later. Under ``torch.autocast``
        the convolutions run in its precision.

        Raises:
            ValueError: the images are of another size, or a block does not exist.
        """
        if not blocks or not all(0 <= block < len(self.convs) for block in blocks):
            raise ValueError(f"blocks {list(blocks)} are not some of the {len(self.convs)} of this discriminator")
        found = {}
        x = self._input(images)  # in autocast's precision, which is asked for while it is on
        with torch.autocast(images.device.type, enabled=False):
            for index, block in enumerate(self.convs[: max(blocks) + 1]):
                x = block(x)
                found[index] = x
        return [found[block] for block in blocks]

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[N, 1]`` float32. They depend on the batch, through `minibatch_stddev`.

        Raises:
            ValueError: the images are of another size, or the batch can't be split into groups.
        """
        return self.score(self.features(images, [len(self.convs) - 1])[0])

    def score(self, x: Tensor) -> Tensor:
        """Logits ``[N, 1]`` from the last of `features`, ``[N, C, 4, 4]``."""
        with torch.autocast(x.device.type, enabled=False):
            x = self.final_features(x)
            return self.final_linear(x.contiguous().flatten(1))  # type: ignore[no-any-return]  # [N, C * 16] in C, H, W order

    def final_features(self, x: Tensor) -> Tensor:
        """What the logits are made of, float32 ``[N, C, 4, 4]``, from the last of `features`: a batch is seen as one."""
        with torch.autocast(x.device.type, enabled=False):
            x = minibatch_stddev(x.float(), self.config.group_size)
            return clamp(self.final_conv(x), self.config.conv_clamp)

    def _input(self, images: Tensor) -> Tensor:
        side = self.resolution
        if images.ndim != 4 or list(images.shape[1:]) != [3, side, side]:
            raise ValueError(f"this discriminator takes images [N, 3, {side}, {side}], not {list(images.shape)}")
        return images.to(compute_dtype(images)).contiguous(memory_format=torch.channels_last)


def minibatch_stddev(x: Tensor, group_size: int) -> Tensor:
    """Append one channel: the standard deviation over groups of images, averaged (Karras et al. 2018).

    The members of a group are the images i, i + N/G, i + 2N/G, ...

    Raises:
        ValueError: the batch N is not a multiple of the group G.
    """
    n, _, h, w = x.shape
    group = min(n, group_size)
    if n % group:
        raise ValueError(f"a batch of {n} can't be split into groups of {group}: use a multiple of {group}")
    grouped = rearrange(x, "(member group) c h w -> member group c h w", member=group)
    deviation = (grouped.var(dim=0, correction=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))  # [N/G]
    return torch.cat([x, repeat(deviation, "group -> (member group) 1 h w", member=group, h=h, w=w)], dim=1)
