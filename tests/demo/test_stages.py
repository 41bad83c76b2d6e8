"""The stages that make the demo's generator, at a size that trains in seconds."""

from dataclasses import replace

import pytest
import torch

from pastiche.demo import adversarial, encoder
from pastiche.demo.adversarial import AdversarialTask, grown, sharpen
from pastiche.demo.encoder import encoder_config, learn_coordinates, learn_encoder
from pastiche.demo.generator import RegressionTask, regress
from pastiche.demo.joint import Pair
from pastiche.demo.paired import learn_together
from pastiche.demo.recipe import Adversarial, Encoding, Joint, Regression, Separation
from pastiche.demo.run import Run
from pastiche.demo.separation import Separated, separate
from pastiche.encoders.compact import CompactEncoder
from pastiche.errors import Cancelled
from pastiche.progress import silent
from pastiche.stylegan2 import DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.synthetic.coordinates import COORDINATES

CHANNELS = {4: 8, 8: 8, 16: 8, 32: 4}
ENCODING = Encoding(coordinates=4, images=4, batch=2, painted=0.5, side=16)
JOINT = Joint(images=8, batch=4, side=32, read=0.5)
RECIPE = Adversarial(joint=JOINT, r1_every=2, path_every=2, pixels_side=16)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Networks of a few channels and 32 pixels."""
    config = GeneratorConfig(resolution=32, channels=CHANNELS, z_dim=len(COORDINATES), w_dim=16, mapping_layers=2)
    whole = encoder_config()
    monkeypatch.setattr(adversarial, "DISCRIMINATOR", DiscriminatorConfig(resolution=32, channels=CHANNELS))
    shape = replace(whole, num_layers=config.num_layers, w_dim=16, channels=(8, 8, 8, 16, 16), hidden=16)
    monkeypatch.setattr(encoder, "encoder_config", lambda: shape)
    return config


@pytest.fixture
def run(tmp_path):
    return Run(folder=tmp_path, device=torch.device("cpu"), precision=torch.float32, held_out=0)


@pytest.fixture
def pair(small):
    torch.manual_seed(0)
    return Pair(Generator(small), CompactEncoder(encoder.encoder_config()))


def weights(module):
    return torch.cat([value.detach().flatten() for value in module.parameters()])


def test_a_generator_learns_portraits_stage_by_stage(plain, run, small):
    seen, recipe = [], Regression(generator=small, stages=((8, 640), (16, 16)), batch=8, average_images=20)
    result = regress([plain], run, recipe=recipe, progress=lambda step: seen.append(step.losses["regression/pixels"]))
    assert len(seen) == 82
    assert sum(seen[75:80]) < 0.7 * sum(seen[:5])
    assert result.resolution == 32
    task = RegressionTask([plain], 0, recipe)
    sides = []
    for images in (0, 640):
        task.moment = replace(task.moment, seen=images)
        sides.append(task.draw(torch.Generator().manual_seed(0), 2)["targets"].shape[-1])
    assert sides == [8, 16]


def test_the_encoder_learns_after_the_coordinates(plain, painted, run, pair):
    trunk = learn_coordinates(plain, painted, run, recipe=ENCODING, progress=silent)
    seen = []
    made = learn_encoder(
        trunk, pair.generator, plain, painted, run, recipe=ENCODING, progress=lambda step: seen.append((step, step.preview()))
    )
    assert made.spread > 0
    assert made.latent_avg.any()
    assert {"encoder/codes", "encoder/pixels"} <= set(seen[0][0].losses)
    assert seen[0][1].shape == (4, 3, 16, 16)


def test_both_learn_together(plain, painted, varied, run, pair):
    before = weights(pair)
    made = learn_together(pair, plain, painted, varied, run, recipe=JOINT, encoding=ENCODING, progress=silent)
    assert weights(pair).equal(before)
    assert not weights(made.generator).equal(weights(pair.generator))
    assert not weights(made.encoder).equal(weights(pair.encoder))


def test_coordinates_get_directions_of_their_own_which_nothing_is_drawn_of_yet(run, pair):
    recipe = Separation(codes=200_000, batch=500, lr=30.0, warm_up=5_000, amount=4.0, weak=1e9, loud=4)
    made = separate(pair.generator, run, recipe=recipe, progress=silent)
    wanted = Separated(pair.generator, recipe)
    z = torch.randn(500, len(COORDINATES), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        w, target, before = made.mapping(z), wanted(z), pair.generator.mapping(z)
        missed = (w - target).square().mean()
        assert missed < 0.5 * (before - target).square().mean()
        same = [generator.styles(generator.broadcast(target + wanted.quiet[:1]))[0] for generator in (made, pair.generator)]
        plain = [generator.styles(generator.broadcast(target))[0] for generator in (made, pair.generator)]
    assert torch.allclose(same[0], plain[0], atol=1e-4)
    assert not torch.allclose(same[1], plain[1], atol=1e-4)


def test_what_changes_in_a_pair_is_learned(plain, painted, varied, run, pair):
    recipe, losses = replace(JOINT, images=160, batch=4, lr=2e-2, weight_differences=3.0, weight_pairs=0.0), []
    learn_together(
        pair, plain, painted, varied, run, recipe=recipe, encoding=ENCODING, progress=lambda step: losses.append(step.losses)
    )
    first, last = (sum(found["joint/drawn differences"] for found in part) for part in (losses[:5], losses[-5:]))
    assert last < 0.9 * first
    assert losses[0]["joint/read differences"] > 0
    assert losses[0]["joint/code differences"] > 0


def test_both_learn_texture_in_a_stage_of_its_own(plain, painted, varied, run, pair):
    seen, recipe = [], replace(JOINT, fine=0.3, texture=9.0)
    learn_together(
        pair,
        plain,
        painted,
        varied,
        run,
        recipe=recipe,
        encoding=ENCODING,
        name="texture",
        progress=lambda step: seen.append(step.losses),
    )
    assert seen[0]["joint/pixels"] > 0
    assert (run.folder / "texture-32").is_dir()


def test_the_adversary_goes_on_to_the_bit_where_it_was_stopped(plain, painted, varied, run, pair):
    def stop(_step):
        raise Cancelled

    def sharpened(folder, progress=silent):
        there = replace(run, folder=run.folder / folder)
        return sharpen(pair, None, plain, painted, varied, there, recipe=RECIPE, encoding=ENCODING, progress=progress)

    losses = []
    whole, critic = sharpened("whole", losses.append)
    assert {"discriminator/adversarial", "discriminator/r1", "generator/path", "generator/features"} <= set(losses[0].losses)
    assert "generator/path" not in losses[1].losses
    assert losses[1].losses["generator/drawn differences"] > 0
    with pytest.raises(Cancelled):
        sharpened("parts", stop)
    again, critic_again = sharpened("parts")
    assert weights(again).equal(weights(whole))
    assert weights(critic_again).equal(weights(critic))


def test_a_discriminator_grows_with_the_images(small):
    little = grown(None, 16)
    large = grown(little, 32)
    features = torch.randn(2, *little.features(torch.zeros(1, 3, 16, 16), [0])[0].shape[1:])
    for old, new in zip(little.convs[1:], large.convs[2:], strict=True):
        assert new(features).equal(old(features))
        features = old(features)
    assert large.score(features).equal(little.score(features))
    again = grown(large, 32)
    assert weights(again).equal(weights(large))


def test_the_discriminator_alone_judges_what_is_finer_than_the_compared_pixels(plain, painted, varied, pair):
    task = AdversarialTask(pair, plain, painted, varied, 0, replace(RECIPE, fresh=0.0), ENCODING)
    draw = task.draw(torch.Generator().manual_seed(0), 8)
    sign = torch.tensor([1.0, -1.0]).repeat(16)
    fine = 0.1 * sign[None, :] * sign[:, None]  # a checkerboard: nothing is left of it at 16 pixels
    known = task.generator_losses(draw, task.moment)
    changed = task.generator_losses({**draw, "portraits": draw["portraits"] + fine}, task.moment)
    torch.testing.assert_close(changed["pixels"], known["pixels"])
    assert not changed["features"].isclose(known["features"])


def test_faces_without_a_portrait_are_judged_by_the_adversary_alone(plain, painted, varied, pair):
    task = AdversarialTask(pair, plain, painted, varied, 0, replace(RECIPE, fresh=0.25), ENCODING)
    draw = task.draw(torch.Generator().manual_seed(0), 8)
    assert draw["known"].tolist() == [False, False, True, True]
    known = task.generator_losses(draw, task.moment)["pixels"]
    changed = {**draw, "portraits": torch.cat([-draw["portraits"][:2], draw["portraits"][2:]])}
    assert task.generator_losses(changed, task.moment)["pixels"].equal(known)
