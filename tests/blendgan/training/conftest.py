"""Tiny networks, and pictures of a few colours as styles."""

import pytest
import torch

from pastiche.blendgan import StyleEncoder, StyleEncoderConfig
from pastiche.blendgan.training.codes import TensorPictures, style_codes
from pastiche.blendgan.training.config import BlendTraining, StyleEncoderTraining
from pastiche.blendgan.training.sources import PicturedFaces
from pastiche.blendgan.training.start import blend_generator, critics
from pastiche.blendgan.training.style_task import SimCLRTask
from pastiche.blendgan.training.task import BlendTask
from pastiche.stylegan2 import Generator, GeneratorConfig
from pastiche.training.schedule import Schedule

SIDE, CODE = 16, 6
CHANNELS = {4: 8, 8: 8, 16: 6}


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="session")
def pictures():
    """16 pictures of one colour each, with a pattern of their own."""
    colors = random(16, 3, 1, 1).tanh()
    return TensorPictures((colors + 0.3 * random(16, 3, SIDE, SIDE, seed=1)).clamp(-1, 1))


@pytest.fixture(scope="session")
def faces():
    return TensorPictures((0.2 * random(8, 3, SIDE, SIDE, seed=2)).clamp(-1, 1))


@pytest.fixture(scope="session")
def base():
    torch.manual_seed(3)
    config = GeneratorConfig(resolution=SIDE, channels=CHANNELS, z_dim=6, w_dim=8, mapping_layers=2)
    generator = Generator(config)
    generator.w_avg.copy_(generator.estimate_w_avg(64))
    return generator.requires_grad_(False)


@pytest.fixture
def compact():
    def build(seed=4):
        torch.manual_seed(seed)
        return StyleEncoder(StyleEncoderConfig(backbone="compact", widths=(4, 6), side=16, code_dim=CODE, code_layers=2))

    return build


@pytest.fixture
def simclr(compact, pictures):
    def build(of=None, **changes):
        encoder = compact()
        encoder.embedder.standardize(encoder.embedder.roots(pictures.images))
        torch.manual_seed(5)
        return SimCLRTask(encoder, pictures, StyleEncoderTraining(**{"lr": 0.01, **changes}), of)

    return build


@pytest.fixture
def blend(base, faces, pictures, compact):
    """A task for the generator; `of` replaces its parts."""

    def build(of=None, **changes):
        settings = BlendTraining(**{"queue": 8, "code_layers": 2, "face_share": 0.5, **changes})
        torch.manual_seed(6)
        parts = {
            "generator": blend_generator(base, code_dim=CODE, code_layers=2, face_share=settings.face_share),
            "critics": critics(None, resolution=SIDE, channels=CHANNELS, code_dim=CODE),
            "faces": PicturedFaces(faces, settings.flip),
            "pictures": pictures,
            "codes": style_codes(compact(), pictures),
        }
        return BlendTask(settings=settings, **{**parts, **(of or {})})

    return build


@pytest.fixture
def schedule():
    """So many iterations, and nothing written on the way."""

    def build(iterations, batch=4, **changes):
        kept = {"sample_images": None, "precision": "float32", "average_images": 8.0, **changes}
        return Schedule(images=iterations * batch, batch=batch, **kept)

    return build


@pytest.fixture
def weights():
    """Every parameter and buffer of a task, in one vector."""

    def collect(task):
        modules = (*task.networks.values(), *task.averages.values())
        return torch.cat([value.detach().flatten().float() for module in modules for value in module.state_dict().values()])

    return collect
