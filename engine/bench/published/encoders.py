"""The published formulation of the face encoders, written plainly: the baseline of the speed-ups.

It runs every layer separately, in NCHW: batch normalization, convolution, activation, and one head after the other. It uses
the parameters of our own encoder, so that both compute the same codes.
"""

from math import sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...encoders import PyramidEncoder

__all__ = ["codes"]

TAPPED_UNITS = {6: "fine", 20: "middle", 23: "coarse"}  # index of the IR-SE-50 units whose outputs the heads read


def norm(x: Tensor, layer: Any) -> Tensor:
    return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, False, 0.0, layer.eps)


def unit(x: Tensor, layer: Any, kernels: dict[Tensor, Tensor]) -> Tensor:
    first, conv1, slope, conv2, last, gate = layer.res_layer
    stride = conv2.stride[0]
    y = F.conv2d(norm(x, first), kernels[conv1.weight], padding=1)
    y = norm(F.conv2d(F.prelu(y, slope.weight), kernels[conv2.weight], stride=stride, padding=1), last)
    squeezed = F.relu(F.conv2d(F.adaptive_avg_pool2d(y, 1), gate.fc1.weight))
    y = y * F.conv2d(squeezed, gate.fc2.weight).sigmoid()
    if conv1.in_channels != conv1.out_channels:
        projection, scale = layer.shortcut_layer
        return y + norm(F.conv2d(x, projection.weight, stride=stride), scale)
    return y + F.max_pool2d(x, 1, stride)


def head(x: Tensor, layer: Any, kernels: dict[Tensor, Tensor]) -> Tensor:
    for conv in list(layer.convs)[::2]:
        x = F.leaky_relu(F.conv2d(x, kernels[conv.weight], conv.bias, stride=2, padding=1), 0.01)
    x = x.reshape(-1, x.shape[1])
    return F.linear(x, layer.linear.weight * (1 / sqrt(x.shape[1])), layer.linear.bias)


def kernels_of(encoder: PyramidEncoder) -> dict[Tensor, Tensor]:
    """Every convolution weight in the memory layout of the published modules."""
    return {
        weight: weight.contiguous(memory_format=torch.contiguous_format) for weight in encoder.parameters() if weight.ndim == 4
    }


def codes(encoder: PyramidEncoder, images: Tensor, kernels: dict[Tensor, Tensor]) -> Tensor:
    """The codes ``[N, L, D]`` of GradualStyleEncoder for images ``[N, C, 256, 256]``, without the mean code."""
    first: Any = encoder.input_layer
    stem, scale, slope = first
    x = F.prelu(norm(F.conv2d(images, kernels[stem.weight], padding=1), scale), slope.weight)
    taps = {}
    for index, layer in enumerate(encoder.body):
        x = unit(x, layer, kernels)
        if index in TAPPED_UNITS:
            taps[TAPPED_UNITS[index]] = x
    coarse = taps["coarse"]
    lateral = F.conv2d(taps["middle"], kernels[encoder.latlayer1.weight], encoder.latlayer1.bias)
    middle = F.interpolate(coarse, size=lateral.shape[2:], mode="bilinear", align_corners=True) + lateral
    lateral = F.conv2d(taps["fine"], kernels[encoder.latlayer2.weight], encoder.latlayer2.bias)
    fine = F.interpolate(middle, size=lateral.shape[2:], mode="bilinear", align_corners=True) + lateral
    maps = [coarse] * 3 + [middle] * 4 + [fine] * (len(encoder.styles) - 7)
    return torch.stack([head(level, layer, kernels) for level, layer in zip(maps, encoder.styles, strict=False)], dim=1)
