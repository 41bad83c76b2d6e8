"""The published formulation of BlendGAN, written plainly, on the parameters of our own modules.

Every call maps the style code and scales every weight, including that of the style encoder's first linear layer.
"""

from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...blendgan import BlendGenerator, StyleEncoder
from ...losses.vgg import VGG
from . import stylegan2

__all__ = ["encode_style", "synthesis"]


def linear(x: Tensor, layer: nn.Module, *, lr_mul: float = 1.0, activate: bool = True) -> Tensor:
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, Tensor)
    assert isinstance(bias, Tensor)
    scaled = weight * (lr_mul / sqrt(weight.shape[1]))
    if not activate:
        return F.linear(x, scaled, bias * lr_mul)
    return F.leaky_relu(F.linear(x, scaled) + bias * lr_mul, 0.2) * sqrt(2)


def map_style(generator: BlendGenerator, code: Tensor) -> Tensor:
    x = code * torch.rsqrt(code.pow(2).mean(dim=1, keepdim=True) + 1e-8)
    for layer in generator.embedding[1:]:
        x = linear(x, layer, lr_mul=0.01)
    return x


def synthesis(generator: BlendGenerator, w_plus: Tensor, code: Tensor, indicator: int) -> Tensor:
    """Images ``[N, 3, H, W]`` from w+ ``[N, L, D]`` and z_s ``[N, D]``, with the fixed noise."""
    style = map_style(generator, code)[:, None].repeat(1, w_plus.shape[1], 1)
    face = generator.add_weight.clamp(0, 1)
    face[:, :indicator] = 1
    return stylegan2.synthesis(generator, w_plus * face + style * (1 - face))


def vgg_features(vgg: VGG, x: Tensor) -> list[Tensor]:
    found: list[Tensor] = []
    for names in vgg.blocks:
        x = F.max_pool2d(x, 2, 2) if found else x
        for name in names:
            layer = vgg[name]
            assert isinstance(layer, nn.Conv2d)
            x = F.relu(F.conv2d(x, layer.weight.contiguous(), layer.bias, padding=1))
        found.append(x)
    return found


def encode_style(encoder: StyleEncoder, images: Tensor) -> Tensor:
    """Style codes ``[N, D]`` of images ``[N, 3, H, W]``."""
    parts = []
    for block in vgg_features(_vgg(encoder), F.adaptive_avg_pool2d(images, 256)):
        n, c, h, w = block.shape
        flat = block.view(n, c, h * w)
        parts.append((torch.bmm(flat, flat.transpose(1, 2)) / (c * h * w)).view(n, -1))
    x = torch.cat(parts, dim=1)
    *hidden, last = encoder.embedder_mlp
    for layer in hidden:
        x = linear(x, layer)
    return linear(x, last, activate=False)


def _vgg(encoder: StyleEncoder) -> VGG:
    """The backbone of a published style encoder; a compact one has another."""
    assert isinstance(encoder.embedder.backbone, VGG)
    return encoder.embedder.backbone
