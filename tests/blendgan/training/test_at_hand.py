"""The fine-tuning to one picture in memory, as the Train Style node runs it."""

from dataclasses import replace

import pytest
import torch

from pastiche.blendgan import BlendStyle, StyleEncoder, StyleEncoderConfig
from pastiche.blendgan.training.at_hand import learn_style
from pastiche.blendgan.training.config import ONE_SHOT_PRESETS
from pastiche.blendgan.training.start import blend_generator
from pastiche.blendgan.training.train import one_shot_task
from pastiche.checkpoints import Checkpoint
from pastiche.errors import Cancelled, TrainingError
from pastiche.latents import Latent
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig

CODE = 6


def equal(a, b):
    for ours, wanted in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(ours, wanted)


@pytest.fixture
def model(base):
    """A BlendGAN whose file brings only a plain discriminator, as the one that ships."""
    torch.manual_seed(8)
    config = StyleEncoderConfig(backbone="compact", widths=(4, 6), side=16, code_dim=CODE, code_layers=2)
    parts = {
        "generator": blend_generator(base, code_dim=CODE, code_layers=2, face_share=0.5),
        "discriminator": Discriminator(DiscriminatorConfig(resolution=base.resolution, channels=base.config.channels)),
        "style_encoder": StyleEncoder(config),
    }
    for module in parts.values():
        module.requires_grad_(False).eval()
    return Checkpoint(architecture="blendgan", source="small", **parts)


@pytest.fixture
def learn(model, pictures, tmp_path):
    """Fine-tune; counts the iterations."""

    def call(iterations, of=model, reference=pictures.images[:1], **more):
        steps = []
        more = {"progress": steps.append, **more}
        with torch.inference_mode():
            made = learn_style(of, reference, iterations, folder=tmp_path, device="cpu", **more)
        return *made, len(steps)

    return call


def test_a_style_is_learned_and_its_stops_are_kept(learn, model, pictures):
    made, style, sheet, steps = learn(2)
    assert steps == 2
    assert (made.architecture, made.options["one_shot_iteration"]) == ("blendgan", 2)
    assert made.options["one_shot_training"]["r1"] == 1
    assert made.style_encoder is model.style_encoder
    assert sheet.shape[:2] == (1, 3)
    people = Latent(model.generator.broadcast(model.generator.w_avg[None]), "w+")
    before = BlendStyle(model.generator, style.code, style.indicator)
    assert not torch.equal(style(people), before(people))
    again, _, _, steps = learn(2)
    assert steps == 0
    equal(again.generator, made.generator)
    assert learn(3)[-1] == 1  # it goes on
    assert learn(2, seed=1)[-1] == learn(2, reference=-pictures.images[:1])[-1] == 2


def test_an_interrupted_training_ends_as_one_that_was_not(learn, tmp_path, model, pictures):
    def stop(step):
        if step.index == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        learn(4, progress=stop)
    resumed, *_, steps = learn(4)
    assert steps == 2
    whole = learn_style(model, pictures.images[:1], 4, folder=tmp_path / "other", device="cpu")[0]
    equal(resumed.generator, whole.generator)


def test_the_face_discriminator_starts_all_three(model, pictures):
    """Those of a BlendGAN are taken as they are."""
    settings = ONE_SHOT_PRESETS["fast"][0]
    small = pictures.images[:1]
    task = one_shot_task(model.generator, model.discriminator, model.style_encoder, small, settings)
    first = model.discriminator.convs[1].conv1[0].weight
    for judge in (task.critics, task.critics.style, task.critics.latent):
        assert torch.equal(judge.convs[1].conv1[0].weight, first)
    again = one_shot_task(model.generator, task.critics, model.style_encoder, small, settings)
    assert all(torch.equal(a, b) for a, b in zip(again.critics.parameters(), task.critics.parameters(), strict=True))
    assert again.critics is not task.critics


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ("discriminator", "no BlendGAN with its style encoder and a discriminator"),
        ("style_encoder", "no BlendGAN with its style encoder and a discriminator"),
    ],
)
def test_what_is_missing(learn, model, lacking, message):
    with pytest.raises(TrainingError, match=message):
        learn(2, of=replace(model, **{lacking: None}))


def test_one_picture_is_a_style(learn, pictures):
    with pytest.raises(TrainingError, match="from one picture, and there are 2"):
        learn(2, reference=pictures.images[:2])
