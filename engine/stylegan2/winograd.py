"""3 x 3 convolution in fewer multiplications (Winograd 1980; Lavin and Gray 2016).

Tiles of features and the 3 x 3 weights are taken to a domain where convolution is a product of matrices,
one for each position in a tile, and back: ``Y = A^T [(G w G^T) * (B^T x B)] A``. F(4 x 4, 3 x 3) multiplies
a quarter as often as the direct form, with an error of 3e-6 in float32; in lower precisions its large
coefficients lose too much, and F(2 x 2, 3 x 3), with sums and differences alone, takes its place: four
ninths of the multiplications, at twice the direct form's rounding error.

The transforms cost memory traffic, so this pays only where channels are many. They are sums over whole
rows and columns of tiles, one axis after the other, in strips that stay in a cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, add, sub

__all__ = ["convolve", "pays", "positions", "transform_weight"]

STEP = 4  # sides that are multiples of it fit the tiles of every precision
STRIP_BYTES = 4 * 2**20  # transformed tiles of one strip
FEWEST = 128  # channels, of features and results, from which this is faster than the direct form


def _input_4(x: Sequence[Tensor], y: Sequence[Tensor]) -> None:
    a, b = sub(x[4], x[2], alpha=4), sub(x[3], x[1], alpha=4)
    add(a, b, out=y[1])
    sub(a, b, out=y[2])
    sub(x[4], x[2], out=a)
    sub(x[3], x[1], out=b)
    add(a, b, alpha=2, out=y[3])
    sub(a, b, alpha=2, out=y[4])
    sub(x[0], x[2], out=y[0])
    add(a, y[0], alpha=4, out=y[0])
    sub(x[5], x[3], out=y[5])
    sub(y[5], b, alpha=4, out=y[5])


def _output_4(x: Sequence[Tensor], y: Sequence[Tensor]) -> None:
    a, b = add(x[1], x[2]), add(x[3], x[4])
    add(x[0], a, out=y[0]).add_(b)
    add(a, b, alpha=4, out=y[2])
    sub(x[1], x[2], out=a)
    sub(x[3], x[4], out=b)
    add(a, b, alpha=2, out=y[1])
    add(a, b, alpha=8, out=y[3]).add_(x[5])


def _input_2(x: Sequence[Tensor], y: Sequence[Tensor]) -> None:
    sub(x[0], x[2], out=y[0])
    add(x[1], x[2], out=y[1])
    sub(x[2], x[1], out=y[2])
    sub(x[1], x[3], out=y[3])


def _output_2(x: Sequence[Tensor], y: Sequence[Tensor]) -> None:
    add(x[0], x[1], out=y[0]).add_(x[2])
    sub(x[1], x[2], out=y[1]).sub_(x[3])


Transform = Callable[[Sequence[Tensor], Sequence[Tensor]], None]


@dataclass(frozen=True)
class Scheme:
    """F(step x step, 3 x 3) for one precision.

    Attributes:
        step: side of a tile of results; a tile of features is two larger.
        weight: G.
        input, output: multiplication by B^T and by A^T, from a list of slices along one axis into another.
    """

    step: int
    weight: tuple[tuple[float, ...], ...]
    input: Transform
    output: Transform


SIXTH, TWELFTH, TWENTYFOURTH = 1 / 6, 1 / 12, 1 / 24
EXACT = Scheme(
    step=4,
    weight=(
        (1 / 4, 0, 0),
        (-SIXTH, -SIXTH, -SIXTH),
        (-SIXTH, SIXTH, -SIXTH),
        (TWENTYFOURTH, TWELFTH, SIXTH),
        (TWENTYFOURTH, -TWELFTH, SIXTH),
        (0, 0, 1),
    ),
    input=_input_4,
    output=_output_4,
)
ROUGH = Scheme(
    step=2,
    weight=((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    input=_input_2,
    output=_output_2,
)
SCHEMES = {torch.float32: EXACT, torch.bfloat16: ROUGH}


def pays(x: Tensor, out_channels: int) -> bool:
    """Whether this is faster than the direct form for features ``[N, C, H, W]``."""
    scheme = SCHEMES.get(x.dtype)
    if scheme is None or x.device.type != "cpu":
        return False
    _, channels, height, width = x.shape
    fits = height % scheme.step == 0 and width % scheme.step == 0
    return fits and min(channels, out_channels) >= FEWEST and height >= 16


def positions(dtype: torch.dtype) -> int:
    """In a tile of features: how many weights each 3 x 3 weight becomes."""
    return (SCHEMES[dtype].step + 2) ** 2


def transform_weight(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """``[O, I, 3, 3]`` to float32 ``[positions, I, O]``, for features of `dtype`."""
    scheme = SCHEMES[dtype]
    matrix = torch.tensor(scheme.weight, device=weight.device)
    tile = scheme.step + 2
    o, i = weight.shape[:2]
    flat = weight.float().permute(2, 3, 1, 0).reshape(9, i * o)
    return (torch.kron(matrix, matrix) @ flat).view(tile * tile, i, o)


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Convolution with padding 1.

    Args:
        x: ``[N, I, H, W]`` for which this `pays`.
        weight: `transform_weight`'s result for its dtype, in that dtype.

    Returns:
        ``[N, O, H, W]`` in channels-last layout.
    """
    scheme = SCHEMES[x.dtype]
    step, tile = scheme.step, scheme.step + 2
    n, channels, height, width = x.shape
    out = weight.shape[2]
    rest = step - 1  # rows and columns that complete the last tile's group of `step`
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, rest, 1, rest))  # [N, H + step, W + step, I]
    y = x.new_empty(n, height, width, out)
    rows = max(1, STRIP_BYTES // (tile * tile * (width // step) * max(channels, out) * x.element_size()))
    for image, result in zip(padded, y, strict=True):
        for top in range(0, height, rows * step):
            bottom = min(top + rows * step, height)
            _strip(scheme, image[top : bottom + step], weight, result[top:bottom])
    return y.permute(0, 3, 1, 2)


def _strip(scheme: Scheme, image: Tensor, weight: Tensor, result: Tensor) -> None:
    """Convolve rows ``[step R + step, W + step, I]`` into `result` ``[step R, W, O]``."""
    step, tile = scheme.step, scheme.step + 2
    rows, columns = len(result) // step, result.shape[1] // step
    channels, out = weight.shape[1:]
    tall = image.new_empty(tile, rows, image.shape[1], channels)
    scheme.input(_windows(image.view(rows + 1, step, -1, channels), 0), tall.unbind())
    features = image.new_empty(tile, tile, rows, columns, channels)
    scheme.input(_windows(tall.view(tile, rows, columns + 1, step, channels), 2), features.unbind(1))
    products = torch.bmm(features.view(tile * tile, -1, channels), weight).view(tile, tile, rows, columns, out)
    wide = image.new_empty(step, tile, rows, columns, out)
    scheme.output(products.unbind(), wide.unbind())
    scheme.output(wide.unbind(1), result.view(rows, step, columns, step, out).permute(3, 1, 0, 2, 4).unbind())


def _windows(groups: Tensor, axis: int) -> list[Tensor]:
    """Slices of overlapping windows: `groups` has the windows, and one more, along `axis`, and the step along the next."""
    slices = groups.unbind(axis + 1)
    count = groups.shape[axis] - 1
    here = [piece.narrow(axis, 0, count) for piece in slices]
    return here + [piece.narrow(axis, 1, count) for piece in slices[:2]]
