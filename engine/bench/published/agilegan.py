"""The published formulation of AgileGAN's synthesis, which always computes both paths."""

import torch.nn.functional as F
from torch import Tensor

from ...agilegan import AgileGenerator
from ...stylegan2 import Generator
from .stylegan2 import activate, fir, modulated, upfirdn

__all__ = ["synthesis"]


def synthesis(generator: AgileGenerator, w_plus: Tensor) -> list[Tensor]:
    """Images ``[N, 3, H, W]`` of every path from w+ ``[N, L, D]``, with the fixed noise."""
    shared = 1 + generator.config.own_stages
    start = generator.input.input.repeat(len(w_plus), 1, 1, 1).contiguous()
    x, rgb = _stages(generator, w_plus, range(1), start, None)
    paths = [generator.path(index) for index in range(generator.paths)]
    own = [_stages(path, w_plus, range(1, shared), x.clone(), rgb.clone()) for path in paths]
    last = range(shared, len(generator.to_rgbs) + 1)
    return [_stages(generator, w_plus, last, features, image)[1] for features, image in own]


def _stages(generator: Generator, w_plus: Tensor, which: range, x: Tensor, rgb: Tensor | None) -> tuple[Tensor, Tensor]:
    """Run some resolutions of a path, from features and the image so far."""
    smooth = fir(generator.config.resample_filter, 4, w_plus)
    noises = list(generator.noises.buffers())
    stages = list(generator.stages())
    for index in which:
        convs, to_rgb = stages[index]
        row = max(2 * index - 1, 0)
        for number, layer in enumerate(convs, start=row):
            conv = layer.conv
            style = F.linear(w_plus[:, number], conv.modulation.weight * conv.modulation.scale, conv.modulation.bias)
            x = modulated(x, style, conv.weight, conv.scale, conv.demodulate, conv.upsample)
            if conv.upsample:
                x = upfirdn(x, smooth, pad=(1, 1))
            x = activate(x + layer.noise.weight * noises[number], layer.activate.bias)
        conv = to_rgb.conv
        style = F.linear(w_plus[:, row + len(convs)], conv.modulation.weight * conv.modulation.scale, conv.modulation.bias)
        y = modulated(x, style, conv.weight, conv.scale, False, False) + to_rgb.bias
        rgb = y if rgb is None else y + upfirdn(rgb, smooth, up=2, pad=(2, 1))
    assert rgb is not None
    return x, rgb
