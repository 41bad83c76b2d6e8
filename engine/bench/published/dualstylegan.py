"""The published formulation of DualStyleGAN's synthesis, which maps and transforms the style for every image."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ...dualstylegan import DualStyleGenerator
from ...dualstylegan.residual import ModRes
from ...stylegan2.layers import EqualLinear, normalize_2nd_moment
from .stylegan2 import activate, fir, modulated, upfirdn

__all__ = ["synthesis"]


def synthesis(generator: DualStyleGenerator, w_plus: Tensor, code: Tensor, weights: Sequence[float]) -> Tensor:
    """Images ``[N, 3, H, W]`` from w+ of faces ``[N, L, D]`` and z+ of a style ``[N, L, D]``, with the fixed noise."""
    exstyle = generator.mapping(code)
    structure = normalize_2nd_moment(exstyle)
    for layer in generator.extrinsic.style[1:]:
        structure = layer(structure)
    split = generator.config.structure_rows
    smooth = fir(generator.config.resample_filter, 4, w_plus)
    x = generator.input.input.repeat(len(w_plus), 1, 1, 1).contiguous()
    rgb, noises, rows = None, list(generator.noises.buffers()), iter(generator.rows)

    def driven(linear: EqualLinear, row: int) -> Tensor:
        w = w_plus[:, row]
        if row >= split:
            w = weights[row] * _linear(generator.extrinsic.res[row], exstyle[:, row]) + (1 - weights[row]) * w
        return _linear(linear, w)

    for convs, to_rgb in generator.stages():
        for layer in convs:
            row, conv = next(rows), layer.conv
            x = modulated(x, driven(conv.modulation, row), conv.weight, conv.scale, conv.demodulate, conv.upsample)
            if conv.upsample:
                x = upfirdn(x, smooth, pad=(1, 1))
            x = activate(x + layer.noise.weight * noises[row], layer.activate.bias)
            if row < split and weights[row]:
                x = _residual(generator.extrinsic.res[row], x, structure[:, row], weights[row])  # type: ignore[arg-type]
        conv = to_rgb.conv
        y = modulated(x, driven(conv.modulation, next(rows)), conv.weight, conv.scale, False, False) + to_rgb.bias
        rgb = y if rgb is None else y + upfirdn(rgb, smooth, up=2, pad=(2, 1))
    assert rgb is not None
    return rgb


def _linear(linear: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(linear, EqualLinear)
    return F.linear(x, linear.weight * linear.scale, linear.bias)


def _residual(block: ModRes, x: Tensor, code: Tensor, weight: float) -> Tensor:
    y = x
    parts: list[Any] = [(*block.conv, block.norm), (*block.conv2, block.norm2)]
    for conv, bias, norm in parts:
        gamma, beta = F.linear(code, norm.style.weight, norm.style.bias)[:, :, None, None].chunk(2, dim=1)
        y = gamma * F.instance_norm(y) + beta
        y = activate(F.conv2d(y, conv.weight / sqrt(9 * len(conv.weight)), padding=1), bias.bias)
    return weight * y + x
