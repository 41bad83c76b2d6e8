"""AgileGAN's variational encoder. The numbers are in tests/golden."""

import pytest
import torch

from pastiche.encoders import EncoderConfig, VariationalEncoder
from pastiche.errors import LatentError

SIZES = {"num_layers": 8, "w_dim": 16, "stem": 4, "widths": (4, 8, 8, 16), "space": "z+", "add_average": False}


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    encoder = VariationalEncoder(EncoderConfig(**SIZES)).eval().requires_grad_(False)
    for layer in (encoder.fc_mu, encoder.fc_var):
        layer.weight.normal_(std=0.3)
        layer.bias.normal_()
    return encoder


@pytest.fixture
def images():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_code_is_the_mean(encoder, images):
    mean, log_variance = encoder.distribution(images)
    assert mean.shape == log_variance.shape == (2, 8, 16)
    latent = encoder(images)
    assert latent.space == "z+"
    assert torch.equal(latent.codes, mean)


def test_samples_have_the_distribution(encoder, images):
    mean, log_variance = encoder.distribution(images)
    noise = torch.randn(2, 8, 16, generator=rng())
    sample = encoder.sample(images, rng=rng())
    assert sample.space == "z+"
    assert torch.allclose(sample.codes, mean + log_variance.exp().sqrt() * noise, atol=1e-5)
    half = encoder.sample(images, rng=rng(), temperature=0.5)
    assert torch.allclose(half.codes - mean, 0.5 * (sample.codes - mean), atol=1e-5)
    assert torch.equal(encoder.sample(images, temperature=0).codes, mean)


def test_a_temperature_that_makes_no_sense(encoder, images):
    with pytest.raises(LatentError, match="temperature is -1"):
        encoder.sample(images, temperature=-1)


def test_untrained_it_gives_the_prior(images):
    mean, log_variance = VariationalEncoder(EncoderConfig(**SIZES)).eval().distribution(images[:1])
    assert not mean.any()
    assert not log_variance.any()


def test_it_can_be_trained(encoder, images):
    encoder.requires_grad_(True).train()
    mean, log_variance = encoder.distribution(images)
    (mean.square() + log_variance.exp() - log_variance).sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
