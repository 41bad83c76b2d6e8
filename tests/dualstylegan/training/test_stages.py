"""Progressive fine-tuning: what each stage draws, that it learns, and that it can be stopped."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from pastiche.dualstylegan.training.config import Adversary, StructureTransfer, StyleTransfer
from pastiche.dualstylegan.training.pictures import Pictures
from pastiche.dualstylegan.training.players import Players, plain_copy, with_extrinsic_path
from pastiche.dualstylegan.training.source import SourceTask
from pastiche.dualstylegan.training.target import TargetTask
from pastiche.errors import Cancelled
from pastiche.training.loop import train
from pastiche.training.task import Moment

QUIET = Adversary(path=0, augment=False, lr=0.02)
SOURCE = StructureTransfer(iterations=(2, 2, 4), batch=2)
TARGET = StyleTransfer(iterations=6, batch=2)


@pytest.fixture
def source(players, loss_networks):
    def build(adversary=None, **changes):
        return SourceTask(players, replace(SOURCE, **changes), adversary or Adversary(), loss_networks)

    return build


@pytest.fixture
def target(players, loss_networks, pictures, pairs):
    def build(adversary=None, **changes):
        settings = replace(TARGET, **changes)
        return TargetTask(players, settings, adversary or Adversary(), loss_networks, Pictures(pictures), pairs)

    return build


def weights(task):
    modules = (*task.networks.values(), *task.averages.values())
    return torch.cat([value.detach().flatten() for module in modules for value in module.parameters()])


def loss(task, name, moment):
    draw = task.draw(torch.Generator().manual_seed(5), 4)
    with torch.no_grad():
        return task.teach(task.fake(draw, moment), draw, moment)[name].item()


def test_the_face_generator_stays(players, base, codes):
    faces = codes(base[0], 2)
    assert torch.equal(players.generator.synthesis(faces), base[0].synthesis(faces))
    assert torch.equal(plain_copy(players.generator).synthesis(faces), base[0].synthesis(faces))
    assert players.average.convs[0].conv.weight is players.generator.convs[0].conv.weight
    assert players.average.extrinsic.res[0].conv[0].weight is not players.generator.extrinsic.res[0].conv[0].weight


def test_regularizations_of_weight_0_take_no_steps(base, loss_networks):
    without = Adversary(r1=0.0, path=0.0)
    task = SourceTask(Players(with_extrinsic_path(base[0]), deepcopy(base[1]), without), SOURCE, without, loss_networks)
    assert [phase.name for phase in task.phases] == ["discriminator", "generator"]
    assert [optimizer.param_groups[0]["lr"] for optimizer in task.optimizers.values()] == pytest.approx([0.002, 0.002])


def test_l_falls(source):
    task = source()
    assert [task.first_mixed_row(iteration) for iteration in range(8)] == [5, 5, 4, 4, 3, 3, 3, 3]
    assert task.iterations == 8


def test_the_target_is_style_mixing(source):
    task = source()
    draw = task.draw(torch.Generator().manual_seed(0), 2)
    face, style = task.generator.mapping(draw["z"]).unbind(dim=1)
    w_plus = torch.cat([face[:, None].expand(-1, 4, -1), style[:, None].expand(-1, 2, -1)], dim=1)
    from pastiche.dualstylegan.training.draws import noise_of

    wanted = task.generator.synthesis(w_plus, noise=noise_of(task.generator, draw["seeds"]))
    assert torch.equal(task.target(draw, 2), wanted)


def test_the_mean_path_length_starts_anew_where_l_changes(source):
    task = source()
    losses = {"path/length": 3.0, "discriminator/sign": 0.0}
    task.after_step(losses, Moment(iteration=1, seen=2))
    assert task.players.path_mean.value == pytest.approx(0.03)
    for end in (2, task.iterations):  # style transfer comes after the last one
        task.players.path_mean.value = 1.0
        task.after_step(losses, Moment(iteration=end, seen=2 * end))
        assert task.players.path_mean.value == 0


def test_structure_transfer_learns_to_replace_style_mixing(source, schedule, tmp_path):
    task = source(QUIET, adversarial=0.0, iterations=(0, 0, 20))
    before = loss(task, "perceptual", Moment(iteration=0))
    train(task, schedule(20), folder=tmp_path, device="cpu")
    assert loss(task, "perceptual", Moment(iteration=0)) < 0.98 * before


def test_iterations_alternate_between_faces_and_pairs(target, pictures, pairs):
    task = target(jitter=0.0)
    draw = task.draw(torch.Generator().manual_seed(0), 3)
    even, odd = Moment(iteration=0), Moment(iteration=1)
    assert torch.equal(task.real(draw, odd), pictures.batch(draw["exemplar"]))
    assert torch.equal(task.real(draw, even), pictures.batch(draw["picture"], draw["flip"]))
    own = pairs.intrinsic[draw["exemplar"]].clone()
    own[:, 6:] = draw["colors"]
    assert torch.equal(task._face(draw, odd), task.generator.mapping(own))
    assert not torch.equal(task._face(draw, even), task._face(draw, odd))
    drawn = task.fake(draw, odd)
    assert "perceptual" in task.teach(drawn, draw, odd)
    assert set(task.teach(drawn, draw, even)) == {"contextual", "matching", "regularization", "identity"}


def test_style_transfer_learns_the_pictures(target, schedule, tmp_path):
    task = target(QUIET, adversarial=0.0, identity=0.0, contextual=0.0, regularization=0.0, jitter=0.0)
    moment = Moment(iteration=1)
    before = {name: loss(task, name, moment) for name in ("perceptual", "matching")}
    train(task, schedule(16), folder=tmp_path, device="cpu")
    assert loss(task, "perceptual", moment) < 0.95 * before["perceptual"]
    assert loss(task, "matching", moment) < before["matching"]


@pytest.mark.parametrize("alone", ["contextual", "identity", "regularization"])
def test_each_loss_of_style_transfer_falls_alone(target, schedule, tmp_path, alone):
    names = ("perceptual", "contextual", "matching", "identity", "regularization")
    task = target(QUIET, adversarial=0.0, jitter=0.0, **{name: float(name == alone) for name in names})
    if alone == "identity":  # the fresh path keeps the person: begin where it does not
        task.generator.extrinsic.res[0].conv2[0].weight.data.mul_(300)
    before = loss(task, alone, Moment(iteration=1)) if alone != "identity" or task.settings.identity else 0
    train(task, schedule(8), folder=tmp_path, device="cpu")
    assert loss(task, alone, Moment(iteration=1)) < before


def test_the_discriminator_learns(target, schedule, tmp_path):
    task = target(Adversary(path=0, augment=False, lr=0.01))
    found = []
    train(task, schedule(12), folder=tmp_path, device="cpu", progress=lambda step: found.append(step.losses))
    names = {name for losses in found for name in losses}
    assert {"discriminator/adversarial", "r1/penalty", "generator/adversarial"} <= names
    judged = [one["discriminator/adversarial"] for one in found]
    assert sum(judged[-4:]) < sum(judged[:4])


@pytest.mark.parametrize("stage", ["source", "target"])
def test_the_same_seed_agrees_also_interrupted(stage, request, schedule, tmp_path, base, loss_networks, pictures, pairs):
    from copy import deepcopy

    from pastiche.dualstylegan.training.players import Players, with_extrinsic_path

    def build():
        adversary = Adversary(r1_every=3, path_every=2)
        players = Players(with_extrinsic_path(base[0]), deepcopy(base[1]), adversary)
        if stage == "source":
            return SourceTask(players, SOURCE, adversary, loss_networks, pictures=Pictures(pictures))
        return TargetTask(players, TARGET, adversary, loss_networks, Pictures(pictures), pairs)

    def stop(step):
        if step.index == 6:
            raise Cancelled

    whole, stopped, resumed = build(), build(), build()
    train(whole, schedule(6), folder=tmp_path / "whole", device="cpu")
    with pytest.raises(Cancelled):
        train(stopped, schedule(6), folder=tmp_path / "stopped", device="cpu", progress=stop)
    train(resumed, schedule(6), folder=tmp_path / "stopped", device="cpu")
    assert torch.equal(weights(whole), weights(resumed))
    assert not torch.equal(weights(whole), weights(stopped))
    samples = whole.samples()
    assert samples.shape == (16, 3, 16, 16)
    assert torch.equal(samples, resumed.samples())
