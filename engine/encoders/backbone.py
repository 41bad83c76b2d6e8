"""The convolutional network under an encoder: IR-SE-50 under nearly all, ResNet-34 under some of ReStyle's."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from . import irse, resnet

__all__ = ["DESIGNS", "Backbone", "Design"]


@dataclass(frozen=True)
class Design:
    """What a backbone is made of.

    Attributes:
        stem: its first layers by their published names, of the image's channels and their own.
        unit: one residual unit, of channels before and after, and the stride.
        units: how many there are in each of the four stages.
        first_stride: of the first unit; those of the other stages' first units are 2.
    """

    stem: Callable[[int, int], dict[str, nn.Module]]
    unit: Callable[[int, int, int], nn.Module]
    units: tuple[int, ...]
    first_stride: int

    @property
    def ends(self) -> list[int]:
        """The number of units up to the end of each stage."""
        return list(itertools.accumulate(self.units))


DESIGNS = {
    "irse50": Design(stem=irse.stem, unit=irse.Unit, units=(3, 4, 14, 3), first_stride=2),
    "resnet34": Design(stem=resnet.stem, unit=resnet.Block, units=(3, 4, 6, 3), first_stride=1),
}


class Backbone(nn.Module):
    """The convolutional part; encoders add their heads to it.

    Args:
        in_channels: of the image.
        stem: channels of the first convolution.
        widths: channels of the four stages.
        design: a key of `DESIGNS`.
    """

    def __init__(
        self,
        in_channels: int = 3,
        stem: int = 64,
        widths: tuple[int, ...] = (64, 128, 256, 512),
        design: str = "irse50",
    ) -> None:
        super().__init__()
        self.design = DESIGNS[design]
        layers = self.design.stem(in_channels, stem)
        self.stem = tuple(layers)  # the names of its layers
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.body = nn.Sequential()
        strides = (self.design.first_stride, 2, 2, 2)
        for (before, width), units, stride in zip(itertools.pairwise((stem, *widths)), self.design.units, strides, strict=True):
            self.body.append(self.design.unit(before, width, stride))
            self.body.extend(self.design.unit(width, width, 1) for _ in range(units - 1))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def stages(self, images: Tensor) -> list[Tensor]:
        """Features after each stage, ``[N, widths[i], H / 2^(i + 1), W / 2^(i + 1)]``.

        Args:
            images: ``[N, in_channels, H, W]`` in [-1, 1].
        """
        x = images.contiguous(memory_format=torch.channels_last)
        for name in self.stem:
            x = self.get_submodule(name)(x)
        found, ends = [], self.design.ends
        for count, unit in enumerate(self.body, start=1):
            x = unit(x)
            if count in ends:
                found.append(x)
        return found
