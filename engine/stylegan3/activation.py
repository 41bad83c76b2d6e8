"""Alias-free leaky ReLU: up-sample, activate, down-sample (Karras et al. 2021, section 3.1).

Between the filters there are at least four times as many samples as in the output. They never exist all at once: the output is
cut into square tiles, and a few matrix products compute each tile from a window of the input. Filtering along an axis is a
product with a banded matrix. It multiplies by many zeros, but on a CPU it is still twice as fast as depthwise convolutions,
which are memory-bound.
"""

from dataclasses import dataclass
from math import ceil, gcd
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ..stylegan2.layers import SLOPE, clamp
from .config import LayerShape

__all__ = ["filtered_lrelu"]

LARGEST_TILE = 36
PIECE_BYTES = {"cpu": 2**21}  # bytes of the samples between the filters, chosen to fit a CPU's cache
PIECE_BYTES_ELSEWHERE = 2**28


class Tiling(NamedTuple):
    """How an axis is cut into equal tiles."""

    tiles: int
    tile: int  # outputs of a tile
    inner: int  # samples between the filters for a tile
    first: int  # index of the first input of the first tile; negative within the padding
    inputs: int  # inputs of a tile
    step: int  # inputs between the starts of two tiles


def filtered_lrelu(x: Tensor, up_filter: Tensor, down_filter: Tensor, shape: LayerShape, bound: float | None) -> Tensor:
    """Up-sample, apply leaky ReLU, clamp, down-sample.

    Args:
        x: ``[N, C, H, W]`` with sides ``in_size + kernel_size - 1``, bias added, in the precision of the computation.
        up_filter: ``[T]``, for both axes.
        down_filter: ``[T]`` for both axes, or ``[T, T]``.
        shape: sizes and rates of the layer.
        bound: largest magnitude of the activations, or None.

    Returns:
        ``[N, C, out_size, out_size]``, channels last. The backward pass recomputes the samples between the filters instead of
        storing them.
    """
    tiling = tile_axis(shape)
    # each of the four products would round, and bfloat16 has too few bits for that
    exact = torch.float32 if x.dtype == torch.bfloat16 else x.dtype
    up_filter, down_filter = up_filter.to(exact), down_filter.to(exact)
    work = _Tile(
        up=_up_matrix(up_filter, tiling, shape),
        down=_down_matrix(down_filter, tiling, shape.down) if down_filter.ndim == 1 else None,
        kernel=down_filter.flip(0, 1) if down_filter.ndim == 2 else None,
        stride=shape.down,
        bound=bound,
    )
    windows = _windows(x, tiling)
    piece = max(1, PIECE_BYTES.get(x.device.type, PIECE_BYTES_ELSEWHERE) // _inner_bytes(x, tiling))
    if torch.is_grad_enabled() and x.requires_grad:
        return _recomputed(windows, work, piece, shape.out_size)
    return _in_pieces(windows, work, piece, shape.out_size)


def tile_axis(shape: LayerShape) -> Tiling:
    """Tiles of nearly equal size that cover an axis of the output."""
    unit = shape.up // gcd(shape.up, shape.down)  # tiles start at an input sample
    tile = ceil(shape.out_size / ceil(shape.out_size / LARGEST_TILE))
    tile = ceil(tile / unit) * unit
    inner = (tile - 1) * shape.down + shape.down_taps
    first = -(shape.before // shape.up)
    last = (inner - 1 - shape.before + shape.up_taps - 1) // shape.up
    return Tiling(ceil(shape.out_size / tile), tile, inner, first, last - first + 1, tile * shape.down // shape.up)


@dataclass(frozen=True)
class _Tile:
    """Computes tiles ``[M, tile, tile, C]`` from windows of the input ``[M, inputs, inputs, C]``."""

    up: Tensor  # [inner, inputs]
    down: Tensor | None  # [tile, inner], for a separable filter
    kernel: Tensor | None  # [T, T], for a radial filter
    stride: int
    bound: float | None

    def __call__(self, x: Tensor) -> Tensor:
        m, inputs, _, c = x.shape
        inner = len(self.up)
        y = (self.up @ x.to(self.up.dtype).reshape(m, inputs, inputs * c)).view(m * inner, inputs, c)
        y = clamp(F.leaky_relu_(self.up @ y, SLOPE), self.bound)  # [M * inner, inner, C]
        if self.down is None:
            return self._convolved(y.view(m, inner, inner, c))
        tile = len(self.down)
        return (self.down @ (self.down @ y).view(m, inner, tile * c)).view(m, tile, tile, c)

    def _convolved(self, y: Tensor) -> Tensor:
        assert self.kernel is not None
        kernel = self.kernel.expand(y.shape[-1], 1, -1, -1)
        y = F.conv2d(y.permute(0, 3, 1, 2), kernel, stride=self.stride, groups=y.shape[-1])
        return y.permute(0, 2, 3, 1)


def _up_matrix(taps: Tensor, tiling: Tiling, shape: LayerShape) -> Tensor:
    """``[inner, inputs]``: zero insertion and low-pass filter, with the gain that compensates for the zeros."""
    inner = torch.arange(tiling.inner, device=taps.device)[:, None]
    inputs = torch.arange(tiling.inputs, device=taps.device)
    return _band(taps * shape.up, shape.before + shape.up * (inputs + tiling.first) - inner)


def _down_matrix(taps: Tensor, tiling: Tiling, down: int) -> Tensor:
    """``[tile, inner]``: low-pass filter, keeping every `down`-th sample."""
    outputs = torch.arange(tiling.tile, device=taps.device)[:, None]
    inner = torch.arange(tiling.inner, device=taps.device)
    return _band(taps, inner - down * outputs)


def _band(taps: Tensor, index: Tensor) -> Tensor:
    """The reversed filter's taps at `index`, and zeros outside of it."""
    inside = (index >= 0) & (index < len(taps))
    return taps.flip(0)[index.clamp(0, len(taps) - 1)] * inside


def _windows(x: Tensor, tiling: Tiling) -> Tensor:
    """``[N, C, H, W]`` to the overlapping windows of all tiles, ``[N, tiles, tiles, inputs, inputs, C]``, without copying."""
    after = tiling.first + (tiling.tiles - 1) * tiling.step + tiling.inputs - x.shape[-1]
    x = F.pad(x, (-tiling.first, after, -tiling.first, after)).contiguous(memory_format=torch.channels_last)
    windows = x.permute(0, 2, 3, 1).unfold(1, tiling.inputs, tiling.step).unfold(2, tiling.inputs, tiling.step)
    return rearrange(windows, "n rows columns c h w -> n rows columns h w c")


def _inner_bytes(x: Tensor, tiling: Tiling) -> int:
    return x.shape[1] * tiling.inner**2 * x.element_size()


def _in_pieces(windows: Tensor, work: _Tile, piece: int, side: int) -> Tensor:
    """Compute all tiles, a few at a time, and write them to their places."""
    n, rows, columns, *_, c = windows.shape
    image = windows.new_empty(n, side, side, c)
    for row in range(rows):
        for begin in range(0, columns, piece):
            tiles = work(windows[:, row, begin : begin + piece].flatten(0, 1))
            tile = tiles.shape[1]
            strip = rearrange(tiles, "(n columns) h w c -> n h (columns w) c", n=n)
            place = image[:, row * tile : (row + 1) * tile, begin * tile : begin * tile + strip.shape[2]]
            place.copy_(strip[:, : place.shape[1], : place.shape[2]])
    return image.permute(0, 3, 1, 2)


def _recomputed(windows: Tensor, work: _Tile, piece: int, side: int) -> Tensor:
    """The same for autograd, which stores the input only."""
    n, rows = windows.shape[:2]
    pieces = [
        checkpoint(work, tiles, use_reentrant=False, preserve_rng_state=False) for tiles in windows.flatten(0, 2).split(piece)
    ]
    tiles = torch.cat(pieces).to(windows.dtype)
    image = rearrange(tiles, "(n rows columns) h w c -> n (rows h) (columns w) c", n=n, rows=rows)
    return image[:, :side, :side].permute(0, 3, 1, 2)
