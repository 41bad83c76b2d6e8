"""The stages that make the demo's base, on a device other than that of the portraits."""

from copy import deepcopy
from dataclasses import replace

import torch

from pastiche.demo import adversarial, encoder
from pastiche.demo.data import Portfolio
from pastiche.demo.encoder import encoder_config
from pastiche.demo.make import Recipe, train_faces
from pastiche.demo.recipe import Adversarial, Encoding, Joint, Regression, Separation
from pastiche.demo.run import Run
from pastiche.demo.separation import Separated
from pastiche.stylegan2 import DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.synthetic.coordinates import COORDINATES
from pastiche.training.task import Moment

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 4}
CONFIG = GeneratorConfig(resolution=32, channels=CHANNELS, z_dim=len(COORDINATES), w_dim=16, mapping_layers=2)
JOINT = Joint(images=8, batch=4, side=32, read=0.5)
RECIPE = Recipe(
    regression=Regression(generator=CONFIG, stages=((8, 4), (16, 4)), batch=2),
    separation=Separation(codes=4, batch=2, loud=4),
    encoding=Encoding(coordinates=4, images=4, batch=2, painted=0.5, side=16),
    joint=(JOINT,),
    adversarial=(Adversarial(joint=JOINT, pixels_side=16),),
    texture=(replace(JOINT, fine=0.3, texture=9.0),),
)


class Walk(Run):
    """A run in which each stage computes the losses of its first iteration, and nothing learns."""

    def train(self, task, schedule, name, progress):
        task.to(self.device)
        task.moment = Moment(device=self.device)
        draw = task.draw(torch.Generator().manual_seed(0), schedule.batch)
        for phase in task.phases:
            given = phase.losses(draw, task.moment)
            for losses in [given] if isinstance(given, dict) else given:
                assert all(loss.isfinite() for loss in losses.values()), losses
        progress(name)


def test_the_directions_of_a_generator_that_is_on_a_gpu(second_device):
    """`regress` leaves its generator where it was trained."""
    torch.manual_seed(0)
    generator = Generator(CONFIG)
    z = torch.randn(4, len(COORDINATES), generator=torch.Generator().manual_seed(5))
    here, there = Separated(generator, RECIPE.separation), Separated(deepcopy(generator).to(second_device), RECIPE.separation)
    assert torch.equal(there.directions, here.directions)
    assert torch.allclose(there.to(second_device)(z.to(second_device)).cpu(), here(z), atol=1e-4)


def test_every_stage_of_the_base_runs_there(second_device, plain, painted, varied, tmp_path, monkeypatch):
    shape = replace(encoder_config(), num_layers=CONFIG.num_layers, w_dim=16, channels=(8, 8, 8, 16, 16), hidden=16)
    monkeypatch.setattr(encoder, "encoder_config", lambda: shape)
    monkeypatch.setattr(adversarial, "DISCRIMINATOR", DiscriminatorConfig(resolution=32, channels=CHANNELS))
    run = Walk(folder=tmp_path, device=second_device, precision=torch.float32, held_out=0)
    portraits, stages = Portfolio(levels=[plain], painted=painted, varied=varied), []
    train_faces(portraits, run, tmp_path, recipe=RECIPE, stage=lambda _name: stages.append)
    assert stages == ["regression", "separation", "coordinates", "encoder", "joint-32", "adversarial-32", "texture-32"]
    assert (tmp_path / "faces.safetensors").is_file()
