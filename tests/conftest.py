"""Small random networks, and how far numbers are apart: what the tests share."""

import pytest
import torch

from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig, published_channels


def enliven(module):
    """Give everything that a fresh network holds at zero a value, so that no term can be left out unnoticed."""
    for name, value in module.named_parameters():
        if name.endswith(("bias", "noise.weight")):
            value.data.add_(0.3 * torch.randn_like(value))
    return module.eval()


@pytest.fixture(scope="session")
def small_generator():
    """A random generator of a few channels; frozen, as a loaded one is, unless it is to be trained."""

    def build(resolution=32, *, most=12, seed=0, train=False, multiplier=2, **changes):
        torch.manual_seed(seed)
        channels = published_channels(resolution, multiplier, base=4 * most, most=most)
        config = GeneratorConfig(
            **{"resolution": resolution, "channels": channels, "z_dim": 16, "w_dim": 16, "mapping_layers": 2, **changes}
        )
        generator = enliven(Generator(config))
        generator.w_avg.copy_(generator.estimate_w_avg(256))
        return generator.requires_grad_(train)

    return build


@pytest.fixture(scope="session")
def small_discriminator():
    """A random discriminator of a few channels; frozen, unless it is to be trained."""

    def build(resolution=32, *, most=12, seed=1, train=False, **changes):
        torch.manual_seed(seed)
        channels = published_channels(resolution, base=4 * most, most=most)
        discriminator = enliven(Discriminator(DiscriminatorConfig(resolution=resolution, channels=channels, **changes)))
        return discriminator.requires_grad_(train)

    return build


@pytest.fixture(scope="session")
def codes():
    """Random w+ codes that belong to a generator."""

    def draw(generator, count=2, seed=2):
        rng = torch.Generator().manual_seed(seed)
        z = torch.randn(count, generator.num_layers, generator.config.z_dim, generator=rng)
        with torch.no_grad():
            return generator.mapping(z)

    return draw


@pytest.fixture(scope="session")
def relative_error():
    """The largest difference, over the spread of what is wanted."""

    def measure(found, wanted):
        assert found.shape == wanted.shape, f"{list(found.shape)} is not {list(wanted.shape)}"
        scale = wanted.std() if wanted.numel() > 1 else wanted.abs().max()
        return ((found.double() - wanted.double()).abs().max() / scale.double().clamp_min(1e-12)).item()

    return measure
