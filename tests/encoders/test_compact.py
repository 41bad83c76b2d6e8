"""The small encoder of our own: shapes, the space, and how rows are put together."""

import pytest
import torch

from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.errors import ImageError

CONFIG = CompactEncoderConfig(num_layers=6, w_dim=16, split=2, channels=(8, 8, 16, 16, 16, 16), hidden=24)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    encoder = CompactEncoder(CONFIG).eval().requires_grad_(False)
    encoder.latent_avg.normal_()
    return encoder


@pytest.fixture
def images():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_a_code_for_every_layer(encoder, images):
    latent = encoder(images)
    assert latent.space == "w+"
    assert latent.codes.shape == (2, 6, 16)
    assert torch.allclose(encoder(images[1:]).codes, latent.codes[1:], atol=1e-5)


def test_untrained_it_gives_two_codes(encoder, images):
    """The offsets begin at zero: one code for the rows before the split, one for the others."""
    codes = encoder(images).codes
    assert torch.equal(codes[:, :2], codes[:, :1].expand(-1, 2, -1))
    assert torch.equal(codes[:, 2:], codes[:, 2:3].expand(-1, 4, -1))
    assert not torch.equal(codes[:, 0], codes[:, 2])


def test_codes_are_in_units_of_the_spread_around_the_mean(encoder):
    codes, offsets = torch.ones(1, 2, 16), torch.full((1, 6, 16), 0.5)
    encoder.spread.fill_(3)
    assert torch.allclose(encoder.assemble(codes, offsets), encoder.latent_avg + 4.5)


@pytest.mark.parametrize("sizes", [{"split": 0}, {"split": 15}, {"channels": ()}, {"channels": (8,) * 7}])
def test_sizes_that_fit_no_encoder_are_refused(sizes):
    with pytest.raises(ValueError, match=r"split is|there are"):
        CompactEncoderConfig(**sizes)


@pytest.mark.parametrize("shape", [(2, 3, 128, 128), (2, 1, 256, 256), (3, 256, 256)])
def test_another_size_is_refused(encoder, shape):
    with pytest.raises(ImageError, match=r"takes images \[N, 3, 256, 256\], not \["):
        encoder(torch.zeros(shape))


def test_it_can_be_trained(encoder, images):
    encoder.requires_grad_(True).train()
    encoder(images).codes.square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
