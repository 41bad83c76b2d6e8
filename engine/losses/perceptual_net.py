"""A small network whose features tell how alike images look, learned from painted portraits and styles.

Built and compared as LPIPS is (Zhang et al. 2018): convolutions and ReLUs, features of unit length, a weight for each
channel. It stands in where LPIPS's published weights are not available.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..faces.blocks import StoredModule

__all__ = ["PerceptualConfig", "PerceptualNet", "bundled_perceptual"]


@dataclass(frozen=True, kw_only=True)
class PerceptualConfig:
    """Sizes of the network; the default has 0.3 million parameters.

    Attributes:
        widths: channels of each block; each block has half the side of the one before.
    """

    widths: tuple[int, ...] = (16, 32, 48, 64, 96)


class PerceptualNet(StoredModule):
    """Images to features, and the distance of two sets of features.

    Attributes:
        config: its sizes.
    """

    kind = "perceptual network"
    file = "perceptual.safetensors"

    def __init__(self, config: PerceptualConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PerceptualConfig()
        self.blocks, narrow = nn.ModuleList(), 3
        for width in config.widths:
            convolutions = nn.Conv2d(narrow, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
            for convolution in convolutions:
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            self.blocks.append(nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU()))
            narrow = width
        self.linear = nn.ParameterList([nn.Parameter(torch.full((1, width, 1, 1), 1.0)) for width in config.widths])

    @property
    def depth(self) -> int:
        """How many blocks there are."""
        return len(self.blocks)

    def activations(self, images: Tensor) -> list[Tensor]:
        """Images ``[N, 3, H, W]`` in [-1, 1] to what each block gives, ``[N, widths[i], H / 2^i, W / 2^i]``."""
        x, found = images, []
        for number, block in enumerate(self.blocks):
            x = block(F.avg_pool2d(x, 2) if number else x)
            found.append(x)
        return found

    def embed(self, images: Tensor) -> list[Tensor]:
        """Images ``[N, 3, H, W]`` in [-1, 1] to features of each block, of unit length at every place."""
        return [x * (x.square().sum(dim=1, keepdim=True) + 1e-6).rsqrt() for x in self.activations(images)]

    def compare(self, first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
        """Distance ``[N]`` between two results of `embed`."""
        layers = zip(first, second, self.linear, strict=True)
        return torch.stack([((a - b).square() * F.relu(weight)).sum(dim=1).mean(dim=(1, 2)) for a, b, weight in layers]).sum(
            dim=0
        )

    def features(self, images: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """`embed` of some blocks, each channel by the root of its weight: what a loss on features compares."""
        found = self.embed(images)
        return [found[block] * F.relu(self.linear[block]).sqrt() for block in blocks]

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Distance ``[N]`` between images ``[N, 3, H, W]``."""
        return self.compare(self.embed(first), self.embed(second))


@lru_cache(maxsize=1)
def bundled_perceptual() -> PerceptualNet | None:
    """The network beside the bundle, on the CPU, loaded once; None if there is none: it does not ship."""
    return PerceptualNet.bundled(otherwise="features of the discriminator compare images")
