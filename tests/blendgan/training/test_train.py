"""The tasks as they are put together, and the checkpoints that they end in."""

import pytest
import torch

from pastiche import checkpoints
from pastiche.blendgan import BlendStyle
from pastiche.blendgan.training import (
    BLEND_PRESETS,
    BlendTraining,
    StyleEncoderTraining,
    blend_checkpoint,
    blend_task,
    one_shot_task,
    style_encoder_checkpoint,
    style_encoder_task,
)
from pastiche.errors import TrainingError
from pastiche.latents import Latent
from pastiche.losses.perceptual_net import PerceptualConfig, PerceptualNet
from pastiche.losses.vgg import VGG, VGG19
from pastiche.training.loop import train

COMPACT = StyleEncoderTraining(backbone="compact", code_dim=6, code_layers=2)


def test_a_compact_backbone_starts_from_a_perceptual_network(pictures):
    torch.manual_seed(0)
    known = PerceptualNet(PerceptualConfig(widths=(4, 6)))
    task = style_encoder_task(pictures, COMPACT, perceptual=known)
    backbone = task.encoder.embedder.backbone
    assert all(torch.equal(a, b) for a, b in zip(backbone.parameters(), known.parameters(), strict=True))
    assert len(task.optimizers["encoder"].param_groups) == 1
    roots = task.encoder.embedder.roots(pictures.images)
    torch.testing.assert_close(task.encoder.embedder.mean, roots.mean(dim=0))


def test_a_compact_backbone_starts_at_random_and_learns(pictures):
    first, again, other = (style_encoder_task(pictures, COMPACT, seed=seed) for seed in (1, 1, 2))
    groups = first.optimizers["encoder"].param_groups
    assert [group["lr"] for group in groups] == [0.002, 5e-4]
    pairs = zip(first.encoder.parameters(), again.encoder.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(first.encoder.embedder_mlp[0].weight, other.encoder.embedder_mlp[0].weight)

    """With narrow blocks: the published ones fill a gigabyte."""
    widths = (4, 4, 4, 4, 4)
    torch.manual_seed(0)
    known = VGG(VGG19, widths)
    task = style_encoder_task(pictures, StyleEncoderTraining(code_dim=6), vgg=known)
    assert torch.equal(task.encoder.embedder.backbone["0"].weight, known["0"].weight)
    assert task.encoder.config.widths == widths
    assert len(task.optimizers["encoder"].param_groups) == 1


def test_without_vgg(pictures):
    with pytest.raises(TrainingError, match='or set backbone to "compact", which needs no download'):
        style_encoder_task(pictures, StyleEncoderTraining())
    with pytest.raises(TrainingError, match="there is 1"):
        style_encoder_task(type(pictures)(pictures.images[:1]), COMPACT)


def test_from_pictures_to_a_style(base, faces, pictures, schedule, small_discriminator, tmp_path):
    """The whole way, a step of each training: every file holds what the next one needs."""
    task = style_encoder_task(pictures, COMPACT)
    train(task, schedule(1), folder=tmp_path / "encoder", device="cpu")
    checkpoints.save(style_encoder_checkpoint(task), tmp_path / "styles.safetensors", dtype=torch.float16)
    encoder = checkpoints.load(tmp_path / "styles.safetensors").style_encoder
    torch.testing.assert_close(encoder(pictures.images), task.average(pictures.images), rtol=0.02, atol=0.02)

    settings = BlendTraining(code_layers=2, share_trunk=True)
    known = small_discriminator(16)
    task = blend_task(base, encoder, faces, pictures, settings, discriminator=known, device="cpu")
    assert torch.equal(task.critics.style.convs[0][0].weight, known.convs[0][0].weight)
    train(task, schedule(1), folder=tmp_path / "blend", device="cpu")
    checkpoints.save(blend_checkpoint(task, encoder), tmp_path / "blend.safetensors", dtype=torch.float16)
    made = checkpoints.load(tmp_path / "blend.safetensors")
    assert list(made.modules) == ["generator", "discriminator", "style_encoder"]
    style = BlendStyle.from_reference(made.generator, made.style_encoder, pictures.images[:1], 0)
    face = Latent(base.mapping(base.sample_z(1, torch.Generator().manual_seed(0))), "w")
    assert style(face).shape == (1, 3, 16, 16)

    task = one_shot_task(made.generator, made.discriminator, made.style_encoder, pictures.images[:1], settings)
    train(task, schedule(1, 1), folder=tmp_path / "one", device="cpu")
    last = blend_checkpoint(task, made.style_encoder, start=made, discriminators=False)
    assert list(last.modules) == ["generator", "style_encoder"]


def test_a_base_without_a_discriminator_and_at_a_smaller_side(base, faces, pictures, compact, small_discriminator):
    task = blend_task(base, compact(), faces, pictures, BlendTraining(code_layers=2, side=8), device="cpu")
    assert task.critics.resolution == 8
    known = small_discriminator(16)
    task = blend_task(base, compact(), faces, pictures, BlendTraining(side=8), discriminator=known, device="cpu")
    assert task.critics.resolution == 8
    losses = task.criticism(task.draw(torch.Generator().manual_seed(0), 4), task_moment())
    assert all(value.isfinite() for value in losses.values())


def task_moment():
    from pastiche.training.task import Moment

    return Moment()


def test_presets():
    assert set(BLEND_PRESETS) == {"paper", "fast"}
    paper = BLEND_PRESETS["paper"][0]
    assert (paper.r1, paper.path, paper.mixing, paper.lr, paper.indicator_most) == (10, 2, 0.9, 0.002, 0)
    assert (paper.weight_face, paper.weight_style, paper.weight_latent, paper.weight_pairs) == (1, 1, 1, 0)
