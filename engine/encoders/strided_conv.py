"""Several 3 x 3 convolutions of stride 2 on the same features, with 25 multiplications instead of 36.

Along one axis, five adjacent features give two results:

    y0 = w0 p0 + w1 p1 + w2 p2
    y1 = w0 p2 + w1 p3 + w2 p4

With the idea of Karatsuba (1962), five products are enough instead of six:

    m  = (w0 + w2) p2
    y0 = w0 (p0 - p2) + w1 p1 + m
    y1 = w2 (p4 - p2) + w1 p3 + m

On both axes these are matrix products: for each of 5 rows of features, columns 0 and 1 together, column 2, and
columns 3 and 4. The features are split into tiles once for all convolutions. Weights are used in place, except for
the sums w0 + w2. Rounding errors are no larger than in the direct form.
"""

import torch
from einops import rearrange
from torch import Tensor, nn

from ..stylegan2.layers import compute_dtype

__all__ = ["SharedStridedConv"]

TILE, STEP = 5, 4
FEWEST_TILES = 256  # smaller matrix products are slower than the direct form
LEAST_CHANNELS = 256
SEGMENTS = (slice(0, 2), slice(2, 3), slice(3, 5))  # positions in a tile that are multiplied together
BLOCK_OF_ROW = (0, 0, 1, 2, 2)  # which of the three sums a row of a tile belongs to


class SharedStridedConv:
    """Features ``[N, I, H, W]``, prepared for several convolutions of stride 2.

    Call it with a 3 x 3 convolution of stride 2 and padding 1. It gives ``[N, O, H / 2, W / 2]`` without the bias.

    Args:
        x: the features.
        learning: a gradient may be needed. Then, and where the fast form is not faster, the direct form is used.
    """

    def __init__(self, x: Tensor, *, learning: bool) -> None:
        self.x = x
        self.tiles = None if learning or not pays(x) else tiles(x)  # [N, R, C, 5, 5, I]

    def __call__(self, conv: nn.Conv2d) -> Tensor:
        if self.tiles is None:
            return nn.functional.conv2d(self.x, conv.weight, None, stride=2, padding=1)
        n, rows, columns = self.tiles.shape[:3]
        return results(products(self.tiles.flatten(0, 2), conv.weight), n, rows, columns)


def pays(x: Tensor) -> bool:
    """Whether this is faster than the direct form."""
    n, channels, height, width = x.shape
    fits = height % STEP == 0 and width % STEP == 0 and n * height * width >= FEWEST_TILES * STEP**2
    return fits and channels >= LEAST_CHANNELS and x.device.type == "cpu" and compute_dtype(x) == torch.float32


def tiles(x: Tensor) -> Tensor:
    """``[N, R, C, 5, 5, I]``: overlapping tiles, whose outer rows and columns are differences from the middle ones."""
    padded = nn.functional.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 0, 1, 0))
    cut = padded.unfold(1, TILE, STEP).unfold(2, TILE, STEP).permute(0, 1, 2, 4, 5, 3).contiguous()
    cut[..., ::4, :, :] -= cut[..., 2:3, :, :]
    cut[..., ::4, :] -= cut[..., 2:3, :]
    return cut


def products(cut: Tensor, weight: Tensor) -> Tensor:
    """Tiles ``[T, 5, 5, I]`` and a weight ``[O, I, 3, 3]`` to the sums ``[3, 3, T, O]``."""
    taps = weight.permute(0, 2, 3, 1).contiguous()  # [O, 3, 3, I]: as it lies in channels-last layout
    middle = taps[:, 0] + taps[:, 2]
    sums = cut.new_empty(3, 3, len(cut), len(taps))
    for row, line in enumerate((taps[:, 0], taps[:, 1], middle, taps[:, 1], taps[:, 2])):  # [O, 3, I]
        for column, (segment, kernel) in enumerate(zip(SEGMENTS, _segments(line), strict=True)):
            features, total = cut[:, row, segment].flatten(1), sums[BLOCK_OF_ROW[row], column]
            if row in (1, 4):
                total.addmm_(features, kernel.mT)
            else:
                torch.mm(features, kernel.mT, out=total)
    return sums


def _segments(line: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The weights ``[O, 3, I]`` of one row as what the segments of a tile are multiplied by, ``[O, 2 I | I | 2 I]``."""
    return line[:, :2].flatten(1), line[:, 0] + line[:, 2], line[:, 1:].flatten(1)


def results(sums: Tensor, n: int, rows: int, columns: int) -> Tensor:
    """The sums ``[3, 3, T, O]`` to ``[N, O, 2 R, 2 C]`` in channels-last layout; consumes them."""
    sums[::2] += sums[1:2]
    sums[:, ::2] += sums[:, 1:2]
    y = rearrange(sums[::2, ::2], "p q (n r c) o -> n (r p) (c q) o", n=n, r=rows, c=columns)
    return y.permute(0, 3, 1, 2)
