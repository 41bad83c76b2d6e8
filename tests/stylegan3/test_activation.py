"""The filtered leaky ReLU against its definition, step by step."""

from math import pi

import numpy as np
import pytest
import scipy.signal
import scipy.special
import torch
import torch.nn.functional as F

from pastiche.stylegan3 import Generator3Config
from pastiche.stylegan3.activation import filtered_lrelu
from pastiche.stylegan3.filters import jinc, lowpass

T, R = (Generator3Config.published(configuration, 64) for configuration in "tr")


def filters(shape):
    """Random ones, without the symmetry of those in use."""
    rng = torch.Generator().manual_seed(0)
    down = (shape.down_taps,) * (2 if shape.radial else 1)
    return torch.randn(shape.up_taps, generator=rng) * 0.3, torch.randn(down, generator=rng) * 0.3


def by_definition(x, up_filter, down_filter, shape, bound):
    """Insert zeros, pad or crop, filter, activate, clamp, filter, keep every other sample; in double precision."""
    n, c, side, _ = x.shape
    spread = x.new_zeros(n, c, side * shape.up, side * shape.up, dtype=torch.float64)
    spread[:, :, :: shape.up, :: shape.up] = x
    total = (shape.out_size - 1) * shape.down + 1 - side * shape.up + shape.up_taps + shape.down_taps - 2
    before = (total + shape.up) // 2
    y = F.pad(spread, (before, total - before) * 2)
    y = whole_filter(y, torch.outer(up_filter, up_filter) * shape.up**2)
    y = F.leaky_relu(y, 0.2).clamp(-bound, bound)
    two = down_filter if down_filter.ndim == 2 else torch.outer(down_filter, down_filter)
    return whole_filter(y, two)[:, :, :: shape.down, :: shape.down]


def whole_filter(x, kernel):
    """Convolution, not correlation."""
    kernel = kernel.double().flip(0, 1).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(x, kernel, groups=x.shape[1])


@pytest.mark.parametrize("index", [0, 3, 4, 8, 12, 13])
@pytest.mark.parametrize("config", [T, R], ids=["t", "r"])
def test_every_layer_of_the_published_designs(config, index):
    shape = config.shapes[index]
    side = shape.in_size + shape.kernel_size - 1
    x = torch.randn(2, 1, side, side, generator=torch.Generator().manual_seed(1))
    up, down = filters(shape)
    found = filtered_lrelu(x, up, down, shape, bound=2.0)
    wanted = by_definition(x, up, down, shape, bound=2.0)
    assert found.shape == (2, 1, shape.out_size, shape.out_size)
    assert (found - wanted).abs().max() < 1e-5 * wanted.abs().max()


@pytest.mark.parametrize("index", [8, 12])
@pytest.mark.parametrize("config", [T, R], ids=["t", "r"])
def test_gradients(config, index):
    shape = config.shapes[index]
    side = shape.in_size + shape.kernel_size - 1
    x = torch.randn(1, 2, side, side, generator=torch.Generator().manual_seed(1), requires_grad=True)
    up, down = filters(shape)
    found = filtered_lrelu(x, up, down, shape, bound=2.0)
    wanted = by_definition(x, up, down, shape, bound=2.0)
    assert (found - wanted).abs().max() < 1e-5 * wanted.abs().max()
    direction = torch.randn(found.shape, generator=torch.Generator().manual_seed(2))
    (ours,) = torch.autograd.grad((found * direction).sum(), x)
    (theirs,) = torch.autograd.grad((wanted * direction).sum(), x)
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


@pytest.mark.parametrize("shape", T.shapes[:-1:3], ids=str)
def test_lowpass_is_kaisers(shape):
    wanted = scipy.signal.firwin(shape.up_taps, cutoff=shape.in_cutoff, width=2 * shape.in_half_width, fs=shape.inner_rate)
    found = lowpass(shape.up_taps, shape.in_cutoff, shape.in_half_width, shape.inner_rate)
    assert np.abs(found.numpy() - wanted).max() < 1e-7


def test_jinc_is_radial():
    taps, cutoff, half_width, rate = 12, 30.0, 20.0, 256.0
    x = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.hypot(x[:, None], x)
    window = np.kaiser(taps, scipy.signal.kaiser_beta(scipy.signal.kaiser_atten(taps, 2 * half_width / (rate / 2))))
    wanted = scipy.special.j1(2 * pi * cutoff * radius) / radius * window[:, None] * window
    found = jinc(taps, cutoff, half_width, rate)
    assert np.abs(found.numpy() - wanted / wanted.sum()).max() < 1e-7
    assert torch.allclose(found, found.rot90())
