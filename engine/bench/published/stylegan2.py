"""The published formulation of StyleGAN2's synthesis, written plainly: the baseline of the speed-ups.

It computes and normalizes a weight for every sample in every call, and runs one grouped convolution. It resamples by zero
insertion, padding and a dense two-dimensional filter. Activation, noise and bias are separate operations. It uses the
parameters of our own `Generator` and `Discriminator`, so that both compute the same image.
"""

from math import sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...stylegan2 import Discriminator, Generator

__all__ = ["discriminator_features", "synthesis"]


def upfirdn(x: Tensor, kernel: Tensor, up: int = 1, down: int = 1, pad: tuple[int, int] = (0, 0)) -> Tensor:
    n, c, h, w = x.shape
    planes = x.reshape(n * c, 1, h, 1, w, 1)
    planes = F.pad(planes, (0, up - 1, 0, 0, 0, up - 1)).reshape(n * c, 1, h * up, w * up)
    planes = F.pad(planes, (pad[0], pad[1], pad[0], pad[1]))
    planes = F.conv2d(planes, kernel.flip(0, 1)[None, None])
    planes = planes[:, :, ::down, ::down]
    return planes.reshape(n, c, *planes.shape[-2:])


def fir(taps: tuple[float, ...], gain: float, like: Tensor) -> Tensor:
    row = torch.tensor(taps, dtype=like.dtype, device=like.device)
    kernel = torch.outer(row, row)
    return kernel * (gain / kernel.sum())


def activate(x: Tensor, bias: Tensor) -> Tensor:
    return F.leaky_relu(x + bias.view(1, -1, 1, 1), 0.2) * sqrt(2)


def modulated(x: Tensor, style: Tensor, weight: Tensor, scale: float, demodulate: bool, upsample: bool) -> Tensor:
    n, c, h, w = x.shape
    _, o, i, k, _ = weight.shape
    kernel = scale * weight * style.view(n, 1, i, 1, 1)
    if demodulate:
        kernel = kernel * torch.rsqrt(kernel.pow(2).sum([2, 3, 4]) + 1e-8).view(n, o, 1, 1, 1)
    x = x.reshape(1, n * c, h, w)
    if upsample:
        kernel = kernel.transpose(1, 2).reshape(n * i, o, k, k)
        y = F.conv_transpose2d(x, kernel, stride=2, groups=n)
    else:
        y = F.conv2d(x, kernel.reshape(n * o, i, k, k), padding=k // 2, groups=n)
    return y.reshape(n, o, *y.shape[-2:])


def synthesis(generator: Generator, w_plus: Tensor) -> Tensor:
    """Images ``[N, 3, H, W]`` from w+ ``[N, L, D]``, with the fixed noise."""
    taps = generator.config.resample_filter
    smooth = fir(taps, 4, w_plus)
    x = generator.input.input.repeat(len(w_plus), 1, 1, 1).contiguous()
    rgb, noises = None, iter(generator.noises.buffers())
    rows = iter(generator.rows)
    for convs, to_rgb in generator.stages():
        for layer in convs:
            conv = layer.conv
            style = F.linear(w_plus[:, next(rows)], conv.modulation.weight * conv.modulation.scale, conv.modulation.bias)
            x = modulated(x, style, conv.weight, conv.scale, conv.demodulate, conv.upsample)
            if conv.upsample:
                x = upfirdn(x, smooth, pad=(1, 1))
            x = activate(x + layer.noise.weight * next(noises), layer.activate.bias)
        conv = to_rgb.conv
        style = F.linear(w_plus[:, next(rows)], conv.modulation.weight * conv.modulation.scale, conv.modulation.bias)
        y = modulated(x, style, conv.weight, conv.scale, False, False) + to_rgb.bias
        rgb = y if rgb is None else y + upfirdn(rgb, smooth, up=2, pad=(2, 1))
    assert rgb is not None
    return rgb


def discriminator_features(discriminator: Discriminator, images: Tensor, blocks: tuple[int, ...]) -> list[Tensor]:
    """Activations after the given residual blocks, like `Discriminator.features`."""
    smooth = fir(discriminator.config.resample_filter, 1, images)
    convs: list[Any] = list(discriminator.convs)
    first, *residual = convs
    found, x = [], activate(F.conv2d(images, first[0].weight * (first[0].scale / sqrt(2))), first[1].bias)
    for index, block in enumerate(residual[: max(blocks)], start=1):
        y = activate(F.conv2d(x, block.conv1[0].weight * (block.conv1[0].scale / sqrt(2)), padding=1), block.conv1[1].bias)
        y = F.conv2d(upfirdn(y, smooth, pad=(2, 2)), block.conv2[1].weight * block.conv2[1].scale, stride=2)
        y = activate(y, block.conv2[2].bias)
        skip = F.conv2d(upfirdn(x, smooth, pad=(1, 1)), block.skip[1].weight * (block.skip[1].scale * sqrt(2)), stride=2)
        x = (y + skip) / sqrt(2)
        if index in blocks:
            found.append(x)
    return found
