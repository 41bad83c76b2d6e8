"""The faster forms of the encoders' convolutions against the plain ones."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pastiche.bench.published import encoders as published
from pastiche.encoders import EncoderConfig, PyramidEncoder, strided_conv
from pastiche.encoders.convolution import Conv
from pastiche.encoders.heads import MapToStyle, read_rows
from pastiche.encoders.strided_conv import SharedStridedConv


def features(*shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    return x.contiguous(memory_format=torch.channels_last)


@pytest.fixture
def anywhere(monkeypatch):
    """Let small convolutions take the form that pays for large ones."""
    monkeypatch.setattr(strided_conv, "FEWEST_TILES", 1)
    monkeypatch.setattr(strided_conv, "LEAST_CHANNELS", 1)


@pytest.mark.parametrize("shape", [(1, 5, 4, 4), (2, 8, 16, 16), (3, 6, 8, 24)])
def test_shared_strided_conv_is_a_strided_convolution(anywhere, relative_error, shape):
    torch.manual_seed(0)
    conv, x = nn.Conv2d(shape[1], 7, 3, stride=2, padding=1).requires_grad_(False), features(*shape)
    convolve = SharedStridedConv(x, learning=False)
    assert convolve.tiles is not None
    wanted = F.conv2d(x.double(), conv.weight.double(), stride=2, padding=1)
    assert relative_error(convolve(conv), wanted) < 1e-5
    assert torch.equal(convolve(conv), convolve(conv)), "the features were changed"


def test_shared_strided_conv_takes_the_plain_form_where_it_has_to(anywhere):
    assert SharedStridedConv(features(1, 4, 6, 8), learning=False).tiles is None
    assert SharedStridedConv(features(1, 4, 8, 8), learning=True).tiles is None
    with torch.autocast("cpu", torch.bfloat16):
        assert SharedStridedConv(features(1, 4, 8, 8), learning=False).tiles is None


def test_heads_that_read_one_map(anywhere, relative_error):
    torch.manual_seed(0)
    heads, x = [MapToStyle(6, 8, 16).requires_grad_(False) for _ in range(3)], features(2, 6, 16, 16)
    for row, head in zip(read_rows(heads, x), heads, strict=True):
        assert relative_error(row, head.linear(head.convs(x).flatten(1))) < 1e-5


def test_gradients_of_heads(anywhere):
    torch.manual_seed(0)
    head, x = MapToStyle(6, 8, 8), features(1, 6, 8, 8).requires_grad_()
    head(x).square().sum().backward()
    found, x.grad = x.grad, None
    head.linear(head.convs(x).flatten(1)).square().sum().backward()
    assert torch.allclose(found, x.grad, rtol=1e-4, atol=1e-6)


def test_the_whole_encoder_against_the_published_form(anywhere, relative_error):
    torch.manual_seed(0)
    config = EncoderConfig(num_layers=9, w_dim=16, stem=4, widths=(4, 8, 8, 16))
    encoder, x = PyramidEncoder(config).eval().requires_grad_(False), features(1, 3, 256, 256)
    wanted = published.codes(encoder, x.contiguous(), published.kernels_of(encoder))
    assert relative_error(encoder.codes(x), wanted) < 1e-4


class TestConv:
    @pytest.fixture
    def conv(self):
        torch.manual_seed(0)
        return Conv(192, 192).requires_grad_(False)

    @pytest.fixture
    def x(self):
        return features(1, 192, 32, 32)

    def plain(self, conv, x):
        return F.conv2d(x, conv.weight, padding=1)

    def test_it_is_a_convolution(self, conv, x, relative_error):
        found = conv(x)
        assert conv._transformed._entry is not None, "the fast form was not taken"
        assert relative_error(found, self.plain(conv, x)) < 1e-4

    def test_a_weight_that_changes_is_noticed(self, conv, x, relative_error):
        conv(x)
        conv.weight.mul_(-2)
        assert relative_error(conv(x), self.plain(conv, x)) < 1e-4
        conv.load_state_dict({"weight": torch.ones_like(conv.weight)})
        assert relative_error(conv(x), self.plain(conv, x)) < 1e-4

    def test_where_something_is_learned_it_is_the_plain_form(self, conv, x):
        assert torch.equal(conv(x.clone().requires_grad_()).detach(), self.plain(conv, x))
        conv.requires_grad_(True)
        assert torch.equal(conv(x).detach(), self.plain(conv, x))
        assert conv._transformed._entry is None

    def test_copies_leave_the_transform_behind(self, conv, x):
        conv(x)
        assert copy.deepcopy(conv)._transformed._entry is None

    def test_what_inference_mode_made_is_of_use_outside(self, conv, x):
        with torch.inference_mode():
            conv(x)
        later = x.clone().requires_grad_()
        conv(later).sum().backward()
        assert conv(x).isfinite().all()
