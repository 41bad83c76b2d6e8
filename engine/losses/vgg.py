"""VGG's convolutions (Simonyan and Zisserman 2015), whose features tell how alike images look.

Numbered as in torchvision's ``features``, where ReLUs and poolings count too.
"""

from collections.abc import Sequence
from itertools import count

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..stylegan2.layers import compute_dtype

__all__ = ["VGG", "VGG16", "VGG19", "WIDTHS"]

VGG16 = (2, 2, 3, 3, 3)  # convolutions in each block
VGG19 = (2, 2, 4, 4, 4)
WIDTHS = (64, 128, 256, 512, 512)  # channels of each block


class Conv(nn.Conv2d):
    """3 x 3 convolution, bias and ReLU, in the precision of its input."""

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        return F.conv2d(x, self.weight.to(x.dtype), self.bias.to(x.dtype), padding=1).relu_()


class VGG(nn.ModuleDict):
    """Blocks of convolutions, with a pooling between one block and the next.

    Args:
        depths: convolutions in each block: `VGG16` or `VGG19`.
        widths: channels of each block.
    """

    def __init__(self, depths: Sequence[int], widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.blocks: list[list[str]] = []
        numbers, narrow = count(), 3
        for depth, wide in zip(depths, widths, strict=True):
            self.blocks.append([])
            for _ in range(depth):
                name, _ = str(next(numbers)), next(numbers)  # a convolution and its ReLU
                self[name] = Conv(narrow, wide, 3, padding=1)
                self.blocks[-1].append(name)
                narrow = wide
            next(numbers)  # the pooling
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images ``[N, 3, H, W]`` to what the last ReLU of each block gives, ``[N, widths[i], H / 2^i, W / 2^i]``.

        Under ``torch.autocast`` in its precision.
        """
        x = x.to(compute_dtype(x)).contiguous(memory_format=torch.channels_last)
        found: list[Tensor] = []
        with torch.autocast(x.device.type, enabled=False):
            for names in self.blocks:
                x = F.max_pool2d(x, 2) if found else x
                for name in names:
                    x = self[name](x)
                found.append(x)
        return found

    def first(self, x: Tensor, blocks: int) -> list[Tensor]:
        """What the first ReLU of each of the first `blocks` blocks gives, in the same shapes; later layers are left out."""
        x = x.to(compute_dtype(x)).contiguous(memory_format=torch.channels_last)
        found: list[Tensor] = []
        with torch.autocast(x.device.type, enabled=False):
            for first, *others in self.blocks[:blocks]:
                x = self[first](F.max_pool2d(x, 2) if found else x)
                found.append(x)
                for name in others if len(found) < blocks else ():
                    x = self[name](x)
        return found
