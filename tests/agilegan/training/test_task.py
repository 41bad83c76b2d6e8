"""What one iteration of the transfer computes, and what it teaches."""

from dataclasses import replace

import pytest
import torch

from pastiche.agilegan.paths import with_paths
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.agilegan.training.faces import w_plus_of
from pastiche.agilegan.training.task import learning_layers
from pastiche.agilegan.training.transfer import agile_task, schedule_of
from pastiche.errors import TrainingError
from pastiche.losses import discriminator_loss, hinge_discriminator_loss, hinge_generator_loss, path_lengths
from pastiche.training.noise import seeded_maps, seeded_normal
from pastiche.training.task import Moment


@pytest.fixture
def drawn():
    """What a task draws, always the same."""
    return lambda task, count=4: task.draw(torch.Generator().manual_seed(9), count)


def maps_of(task, seeds):
    return seeded_maps(seeds, task.source.noise_resolutions, task.source.w_avg.device)


def test_every_path_starts_as_the_source(base, codes):
    source = base.generator
    generator = with_paths(source, ["female", "male", "other"], split=8)
    w_plus = codes(source)
    for image in generator.synthesis(w_plus, path=None):
        torch.testing.assert_close(image, source.synthesis(w_plus))
    assert generator.config.attributes == ("female", "male", "other")
    assert len(generator.branches[0].to_rgbs) == 1


def test_sources_that_paths_can_not_be_made_from(base):
    with pytest.raises(TrainingError, match="AgileGenerator: give the one that it was fine-tuned from"):
        with_paths(with_paths(base.generator, ["a", "b"]), ["a", "b"])
    with pytest.raises(TrainingError, match="not distinct names"):
        with_paths(base.generator, ["a", "a"])


def test_criticism(build, drawn):
    """Each discriminator compares the exemplars of its attribute with the images of its path."""
    task = build()
    draw = drawn(task)
    losses = task.criticism(draw, Moment())
    with torch.no_grad():
        maps = maps_of(task, draw["critics_noise"])
        fakes = task.source.synthesis(w_plus_of(task.source, draw["critics_z"]), noise=maps)  # where every path starts
        for path, (name, critic) in enumerate(zip(task.attributes, task.critics, strict=True)):
            real = critic(task.pictures[path].batch(draw[f"pictures_{path}"], draw[f"flips_{path}"]))
            torch.testing.assert_close(losses[name], hinge_discriminator_loss(real, critic(fakes)))
            assert losses[f"_sign_{name}"] == real.sign().mean()
    logistic = build(adversarial="logistic").criticism(draw, Moment())
    torch.testing.assert_close(logistic["male"], discriminator_loss(real, critic(fakes)))


def test_r1_has_the_weight_10_and_makes_up_for_its_rarity(build, drawn):
    task = build(r1_every=16)
    draw = drawn(task)
    images = task.pictures[1].batch(draw["pictures_1"], draw["flips_1"]).requires_grad_()
    (gradient,) = torch.autograd.grad(task.critics[1](images).sum(), images)
    wanted = 10 / 2 * 16 * gradient.square().sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(task.r1(draw, Moment())["male"].detach(), wanted)


def test_deception(build, drawn):
    task = build(weight_structure=0.5)
    draw = drawn(task)
    losses = task.deception(draw, Moment())
    w_plus, maps = w_plus_of(task.source, draw["generator_z"]), maps_of(task, draw["generator_noise"])
    images = task.source.synthesis(w_plus, noise=maps)
    wanted = torch.stack([hinge_generator_loss(critic(images)) for critic in task.critics]).mean()
    torch.testing.assert_close(losses["adversarial"].detach(), wanted.detach())
    assert losses["structure"].item() == pytest.approx(0, abs=1e-6)  # no path has moved yet
    with torch.no_grad():
        task.generator.branches[0].convs[1].activate.bias.add_(1)
        male = task.generator.synthesis(w_plus, path=1, noise=maps)
        distance = task.structure(male, images).mean() / 2  # the first path is where it was
    torch.testing.assert_close(task.deception(draw, Moment())["structure"].detach(), 0.5 * distance)


def test_evenness(build, drawn):
    task = build(path_every=4)
    draw = drawn(task)
    w_plus = w_plus_of(task.source, draw["path_z"][:2]).requires_grad_()  # half of the batch
    images = task.source.synthesis(w_plus, noise=maps_of(task, draw["path_noise"][:2]))
    lengths = path_lengths(images, w_plus, seeded_normal(draw["direction"][:2], (3, 16, 16), w_plus.device)).detach()
    losses = task.evenness(draw, Moment())
    assert set(losses) == {"_length_female", "_length_male"}  # nothing is even or uneven before the first was measured
    torch.testing.assert_close(losses["_length_male"], lengths.mean())
    for length in (3.0, 5.0):
        task.after_step({"critics/sign_female": 0.0, "critics/sign_male": 0.0, "path/length_male": length}, Moment())
    assert [mean.value for mean in task.means] == pytest.approx([0, 3.02])
    wanted = 2 * 4 * (lengths - 3.02).square().mean() / 2  # the weight, for its rarity, the mean over two paths
    torch.testing.assert_close(task.evenness(draw, Moment())["male"].detach(), wanted)


def test_augmentation_follows_each_discriminator(build):
    task = build(augment_images=160)
    for _ in range(4):
        task.after_step({"critics/sign_female": 1.0, "critics/sign_male": 0.0}, Moment())
    assert [augment.p for augment in task.augments] == [0.1, 0]
    off = build(augment="none", augment_images=160)
    for _ in range(4):
        off.after_step({"critics/sign_female": 1.0, "critics/sign_male": 1.0}, Moment())
    assert [augment.p for augment in off.augments] == [0, 0]


def names_of(task, optimizer):
    held = {id(parameter) for group in task.optimizers[optimizer].param_groups for parameter in group["params"]}
    return {name for network in task.networks.values() for name, value in network.named_parameters() if id(value) in held}


def test_what_learns(build):
    """The mapping network and the first blocks of the discriminators do not (FreezeD)."""
    task = build(discriminator_blocks=1)
    held = names_of(task, "generator")
    assert held == {name for name, _ in task.generator.named_parameters() if not name.startswith("style.")}
    assert {name.split(".")[2] for name in names_of(task, "critics") if ".convs." in name} == {"2"}
    assert "1.final_linear.1.weight" in names_of(task, "critics")
    assert len(names_of(build(discriminator_blocks=0), "critics")) == len(list(task.critics.parameters()))


def test_frozen_resolutions(build):
    held = names_of(build(frozen=(4, 16)), "generator")
    assert {name.rsplit(".", 3)[0] for name in held if name.endswith("modulation.weight")} == {
        *("convs.0", "convs.1", "to_rgbs.0", "branches.0.convs.0", "branches.0.convs.1", "branches.0.to_rgbs.0"),
    }
    assert "input.input" not in held
    with pytest.raises(TrainingError, match="frozen holds 64, and the generator has the resolutions 4, 8, 16"):
        build(frozen=(64,))
    with pytest.raises(TrainingError, match="every resolution"):
        learning_layers(build().generator, (4, 8, 16))


def test_frozen_resolutions_may_change_their_colors(build):
    held = names_of(build(frozen=(4, 8), frozen_colors=False), "generator")
    assert {name.rsplit(".", 3)[0] for name in held if name.endswith("modulation.weight")} == {
        *("to_rgb1", "to_rgbs.0", "branches.0.to_rgbs.0", "convs.2", "convs.3", "to_rgbs.1"),
    }
    assert "input.input" not in held


def test_adams_are_corrected_for_lazy_regularization(build):
    task = build(r1_every=16, path_every=4)
    for name, c in (("critics", 16 / 17), ("generator", 4 / 5)):
        (group,) = task.optimizers[name].param_groups
        assert group["lr"] == pytest.approx(0.002 * c)
        assert group["betas"] == (0, pytest.approx(0.99**c))


def test_previews_show_each_person_in_every_path(build):
    samples = build().samples()
    assert samples.shape == (9, 3, 16, 16)
    torch.testing.assert_close(samples[0], samples[1])  # the source, and where the first path starts


def test_networks_that_do_not_belong_together(build, base, pictures, small_discriminator):
    with pytest.raises(TrainingError, match="holds no discriminator"):
        agile_task(replace(base, discriminator=None), pictures, AgileTransfer())
    with pytest.raises(TrainingError, match="discriminator is of 32 pixels and the generator of 16"):
        agile_task(replace(base, discriminator=small_discriminator(32)), pictures, AgileTransfer())


def test_batches_that_can_not_be_grouped(build):
    with pytest.raises(TrainingError, match=r"a batch of 6 images.*parts of 6.*a multiple of 4"):
        build(batch=6).check_batch(schedule_of(AgileTransfer(batch=6)))
