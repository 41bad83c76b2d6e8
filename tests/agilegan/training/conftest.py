"""A transfer that is learned in seconds: random networks of a few channels, and flat pictures as exemplars."""

import pytest
import torch

from pastiche import images
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.agilegan.training.transfer import agile_task
from pastiche.checkpoints import Checkpoint
from pastiche.training.data import PictureDataset
from pastiche.training.sources import FolderSource

SIDE = 16


@pytest.fixture(scope="session")
def exemplars(tmp_path_factory):
    """A folder with five reddish pictures in ``female`` and five bluish ones in ``male``."""
    folder = tmp_path_factory.mktemp("exemplars")
    rng = torch.Generator().manual_seed(0)
    for attribute, color in (("female", (0.8, -0.6, -0.6)), ("male", (-0.6, -0.6, 0.8))):
        (folder / attribute).mkdir()
        for number in range(5):
            picture = torch.tensor(color).view(1, 3, 1, 1) + 0.1 * torch.randn(1, 3, SIDE, SIDE, generator=rng)
            images.write(picture.clamp(-1, 1), folder / attribute / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def base(small_generator, small_discriminator):
    return Checkpoint(
        architecture="stylegan2",
        generator=small_generator(SIDE),
        discriminator=small_discriminator(SIDE),
        source="faces.safetensors",
    )


@pytest.fixture(scope="session")
def pictures(exemplars):
    every = PictureDataset(FolderSource(exemplars), SIDE)
    return {"female": every.subset(range(5)), "male": every.subset(range(5, 10))}


@pytest.fixture(scope="session")
def build(base, pictures):
    """A task, with other settings than the preset's."""

    def task(given=None, **changes):
        tiny = {"iterations": 6, "batch": 4, "split": 8, "snapshots": 3, "r1_every": 4, "path_every": 2}
        return agile_task(base, given or pictures, AgileTransfer(**{**tiny, **changes}))

    return task
