"""A small encoder of our own: a face to w+, in a hundredth of the published encoders' weights.

In the spirit of e4e (Tov et al. 2021): codes that lie close to w. It predicts one code for the early rows
(shape) and one for the late rows (appearance), and a small offset for every row.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ImageError
from ..latents import Latent
from .config import IMAGE_SIZE

__all__ = ["SEEN", "CompactEncoder", "CompactEncoderConfig"]

SEEN = IMAGE_SIZE // 2  # what it looks at: codes of a small generator need no finer images
DEEPEST = 6  # stages, of which the last is 2 x 2 pixels


@dataclass(frozen=True, kw_only=True)
class CompactEncoderConfig:
    """Sizes of a compact encoder.

    Attributes:
        num_layers: L, rows of the w+ code.
        w_dim: dimensions of w.
        split: the first row that takes the second code.
        channels: features at 1/2, 1/4, 1/8, ... of 128 pixels.
        hidden: width of the layer before the codes.
        rank: of the map from it to the rows' offsets.
        in_channels: of the image; 3 for RGB, 6 for ReStyle's pair of images.
    """

    num_layers: int = 14
    w_dim: int = 128
    split: int = 7
    channels: tuple[int, ...] = (32, 64, 128, 192, 256)
    hidden: int = 320
    rank: int = 48
    in_channels: int = 3

    def __post_init__(self) -> None:
        if not 0 < self.split <= self.num_layers:
            raise ValueError(f"split is {self.split}: it must be a row of the {self.num_layers} there are")
        if not 0 < len(self.channels) <= DEEPEST:
            raise ValueError(f"there are {len(self.channels)} stages: 1 to {DEEPEST} fit {SEEN} pixels")


class Residual(nn.Module):
    """``[N, I, H, W] -> [N, O, H/2, W/2]``."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(narrow, wide, 3, padding=1, bias=False)
        self.norm1 = nn.GroupNorm(8, wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(8, wide)
        self.skip = nn.Conv2d(narrow, wide, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(x, 2)
        y = F.silu(self.norm1(self.conv1(x)))
        return F.silu(self.norm2(self.conv2(y)) + self.skip(x))


class CompactEncoder(nn.Module):
    """Faces ``[N, 3, 256, 256]``, RGB in [-1, 1], to w+."""

    latent_avg: Tensor
    spread: Tensor

    def __init__(self, config: CompactEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv2d(config.in_channels, config.channels[0], 5, stride=2, padding=2)
        self.blocks = nn.ModuleList([Residual(a, b) for a, b in pairwise(config.channels)])
        side = SEEN >> len(config.channels)
        self.reduce = nn.Conv2d(config.channels[-1], 64, 1)
        self.hidden = nn.Linear(64 * side * side, config.hidden)
        self.codes = nn.Linear(config.hidden, 2 * config.w_dim)
        self.narrow = nn.Linear(config.hidden, config.rank, bias=False)
        self.offsets = nn.Linear(config.rank, config.num_layers * config.w_dim)
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.offsets.bias)
        self.register_buffer("latent_avg", torch.zeros(config.w_dim))
        self.register_buffer("spread", torch.ones(()))

    @property
    def num_layers(self) -> int:
        """L, the rows of a w+ code."""
        return self.config.num_layers

    @property
    def latent_dim(self) -> int:
        """D, the dimensions of w."""
        return self.config.w_dim

    def features(self, images: Tensor) -> Tensor:
        """What the heads read, ``[N, hidden]``, of images ``[N, C, 128, 128]``."""
        x = F.silu(self.stem(images.contiguous(memory_format=torch.channels_last)))
        for block in self.blocks:
            x = block(x)
        return F.silu(self.hidden(self.reduce(x).flatten(1)))

    def predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """From ``[N, C, 128, 128]`` the two codes ``[N, 2, D]`` and the offsets ``[N, L, D]``, in units of w's spread around
        its mean.
        """
        return self.read(self.features(images))

    def read(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The codes and the offsets, see `predict`, from `features`."""
        x = features.float()
        with torch.autocast(x.device.type, enabled=False):
            codes, offsets = self.codes(x), self.offsets(self.narrow(x))
        return codes.unflatten(1, (2, -1)), offsets.unflatten(1, (self.num_layers, -1))

    def relative(self, codes: Tensor, offsets: Tensor) -> Tensor:
        """w+ without its mean, ``[N, L, D]``, from what `predict` gives."""
        split = self.config.split
        counts = torch.tensor([split, self.num_layers - split], device=codes.device)
        return self.spread * (codes.repeat_interleave(counts, dim=1) + offsets)

    def assemble(self, codes: Tensor, offsets: Tensor) -> Tensor:
        """w+ ``[N, L, D]`` from what `predict` gives."""
        return self.latent_avg + self.relative(codes, offsets)

    def seen(self, images: Tensor) -> Tensor:
        """The images at half the size, ``[N, C, 128, 128]``, which is what the network looks at.

        Raises:
            ImageError: the images are not 256 x 256, or have other channels.
        """
        wanted = [self.config.in_channels, IMAGE_SIZE, IMAGE_SIZE]
        if images.ndim != 4 or list(images.shape[1:]) != wanted:
            raise ImageError(
                f"this encoder takes images [N, {wanted[0]}, {IMAGE_SIZE}, {IMAGE_SIZE}], not {list(images.shape)}: resize it"
            )
        return F.avg_pool2d(images, 2)

    def forward(self, images: Tensor) -> Latent:
        """Codes in w+.

        Raises:
            ImageError: the images are not 256 x 256, or have other channels.
        """
        return Latent(self.assemble(*self.predict(self.seen(images))), "w+")
