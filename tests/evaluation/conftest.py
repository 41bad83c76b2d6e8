"""Random networks of a few channels, pictures of noise, and evaluators that need no weights."""

import pytest
import torch

from pastiche import images
from pastiche.checkpoints import Checkpoint
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.evaluation import find_evaluators
from pastiche.faces.landmarks import shape_in

SIDE = 32


def by_brightness(image, box):
    """Landmarks that move with the brightness of the picture."""
    return torch.from_numpy(shape_in(box)).float() * (1 + 0.1 * image.mean())


@pytest.fixture(scope="session")
def landmarker():
    return by_brightness


@pytest.fixture(scope="session")
def base(small_generator, small_discriminator):
    """A StyleGAN2 with discriminator and encoder."""
    generator = small_generator(SIDE)
    torch.manual_seed(3)
    config = CompactEncoderConfig(num_layers=generator.num_layers, w_dim=16, channels=(8, 8, 16, 16, 16), hidden=32)
    encoder = CompactEncoder(config).eval().requires_grad_(False)
    encoder.latent_avg.copy_(generator.w_avg)
    return Checkpoint(
        architecture="stylegan2",
        generator=generator,
        discriminator=small_discriminator(SIDE),
        encoder=encoder,
        source="small",
    )


@pytest.fixture(scope="session")
def evaluators(base):
    return find_evaluators(base, features="discriminator")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with 24 different pictures."""
    place = tmp_path_factory.mktemp("pictures")
    rng = torch.Generator().manual_seed(0)
    for number in range(24):
        rough = torch.rand(1, 3, 6, 6, generator=rng) * 2 - 1
        images.write(images.resize(rough, 48).clamp(-1, 1), place / f"{number:02d}.png")
    return place
