"""A few pictures that a small generator can draw, and tasks that learn to find their codes."""

from dataclasses import replace

import pytest
import torch

from pastiche import images
from pastiche.encoders.training import encoder_task, paper, perception_of
from pastiche.losses.perceptual_net import PerceptualConfig, PerceptualNet
from pastiche.training.data import PictureDataset
from pastiche.training.schedule import Schedule
from pastiche.training.sources import open_source

SMALL = {"backbone": "compact", "width": 16, "split": 3, "side": 32, "optimizer": "adam", "lr": 2e-3}
ALONE = {"identity": 0.0, "flip": 0.0}


@pytest.fixture(scope="session")
def generator(small_generator):
    """Its images lie within [-1, 1], as a trained one's do."""
    found = small_generator(32)
    with torch.no_grad():
        for layer in (found.to_rgb1, *found.to_rgbs):
            layer.conv.weight.mul_(0.1)
            layer.bias.mul_(0.1)
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory, generator):
    """Four faces of the generator, at 256 pixels."""
    path = tmp_path_factory.mktemp("pictures")
    z = torch.randn(4, 16, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        found = generator.synthesis(generator.broadcast(generator.mapping(z))).clamp(-1, 1)
    for number, picture in enumerate(images.resize(found, 256, "bilinear")):
        images.write(picture[None].clamp(-1, 1), path / f"{number}.png")
    return path


@pytest.fixture(scope="session")
def pictures(folder):
    return PictureDataset(open_source(folder, 256), 256)


@pytest.fixture(scope="session")
def perception():
    torch.manual_seed(7)
    return perception_of(PerceptualNet(PerceptualConfig(widths=(8, 16))))


@pytest.fixture
def settings():
    """The paper's settings of a method, with a small network."""

    def change(method="psp", translation="inversion", **changes):
        return replace(paper(method, translation)[0], **{**SMALL, **ALONE, **changes})

    return change


@pytest.fixture
def schedule():
    """Of few images."""

    def build(images=12, **changes):
        return Schedule(**{"images": images, "batch": 2, "sample_images": None, "precision": "float32", **changes})

    return build


@pytest.fixture
def build(generator, pictures, perception, schedule):
    """A task of some settings."""

    def task(settings, **parts):
        data, planned = parts.pop("pictures", pictures), parts.pop("schedule", schedule())
        return encoder_task(generator, data, settings, planned, perception=perception, **parts)

    return task
