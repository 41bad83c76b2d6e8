"""A DualStyleGAN of a few channels at 16 pixels, and pictures to train it on."""

import pytest
import torch

from pastiche import images
from pastiche.dualstylegan.training.config import Adversary
from pastiche.dualstylegan.training.loss_networks import find_loss_networks
from pastiche.dualstylegan.training.players import Players, with_extrinsic_path
from pastiche.training.data import PictureDataset
from pastiche.training.schedule import Schedule
from pastiche.training.sources import FolderSource

SIDE = 16


@pytest.fixture(scope="session")
def base(small_generator, small_discriminator):
    """A generator and its discriminator."""
    return small_generator(SIDE, most=8), small_discriminator(SIDE, most=8)


@pytest.fixture(scope="session")
def folder_of_pictures(tmp_path_factory):
    """Three pictures of 16 pixels: smooth, of different colours."""
    folder = tmp_path_factory.mktemp("pictures")
    ramp = torch.linspace(-1, 1, SIDE)
    for number, name in enumerate(("ink.png", "oil.png", "wax.png")):
        picture = torch.stack([ramp.roll(3 * number)[:, None] * ramp, ramp[None].expand(SIDE, -1), ramp[:, None] * -ramp])
        images.write(picture[None].roll(number, 1), folder / name)
    return folder


@pytest.fixture
def pictures(folder_of_pictures):
    return PictureDataset(FolderSource(folder_of_pictures), SIDE)


@pytest.fixture(scope="session")
def loss_networks(base):
    """Stand-ins for all published networks."""
    shown = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return find_loss_networks(base[1], shown)


@pytest.fixture
def players(base):
    """Networks that have learned nothing; new ones for every test."""
    from copy import deepcopy

    return Players(with_extrinsic_path(base[0]), deepcopy(base[1]), Adversary())


@pytest.fixture
def pairs(base):
    """Random codes of three pictures."""
    from pastiche.dualstylegan.training.target import Pairs

    rng = torch.Generator().manual_seed(3)
    shape = (3, base[0].num_layers, base[0].config.z_dim)
    return Pairs(torch.randn(shape, generator=rng), torch.randn(shape, generator=rng))


@pytest.fixture
def schedule():
    def build(iterations, batch=2, **changes):
        given = {"images": iterations * batch, "batch": batch, "sample_images": None, "log_images": batch}
        return Schedule(**{**given, "precision": "float32", "average_ramp": None, "average_images": 8.0, **changes})

    return build
