"""pSp's plain variants, against their formulas: no published weights of them are known."""

import pytest
import torch
from torch.nn import functional as F

from pastiche.encoders import EncoderConfig, LastLayerWEncoder, LastLayerWPlusEncoder

SIZES = {"w_dim": 12, "stem": 4, "widths": (4, 8, 8, 16)}


@pytest.fixture
def images():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_into_w(images):
    torch.manual_seed(0)
    encoder = LastLayerWEncoder(EncoderConfig(num_layers=1, space="w", **SIZES)).eval().requires_grad_(False)
    encoder.latent_avg.normal_()
    latent = encoder(images)
    assert latent.space == "w"
    x = F.adaptive_avg_pool2d(encoder.stages(images)[-1], 1).flatten(1)
    wanted = x @ encoder.linear.weight.T / 4 + encoder.linear.bias
    assert torch.allclose(encoder.codes(images), wanted, atol=1e-5)
    assert torch.allclose(latent.codes, wanted + encoder.latent_avg, atol=1e-5)


def test_into_w_plus(images):
    torch.manual_seed(0)
    encoder = LastLayerWPlusEncoder(EncoderConfig(num_layers=5, **SIZES)).eval().requires_grad_(False)
    encoder.latent_avg.normal_()
    latent = encoder(images)
    assert latent.space == "w+"
    norm, _, _, linear = encoder.output_layer_2
    x = F.adaptive_avg_pool2d(norm(encoder.stages(images)[-1]), 7).reshape(2, 16 * 49)
    x = F.linear(x, linear.weight, linear.bias)
    wanted = (x @ encoder.linear.weight.T / 12**0.5 + encoder.linear.bias).reshape(2, 5, 12)
    assert torch.allclose(encoder.codes(images), wanted, atol=1e-4)
    assert torch.allclose(latent.codes, encoder.codes(images) + encoder.latent_avg)
