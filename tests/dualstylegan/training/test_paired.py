"""Paired portraits: the loss against its closed form, what each half of a code does, and that it can be stopped."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.dualstylegan.training import PRESETS, DualTraining, Paintings, Start
from pastiche.dualstylegan.training.config import Adversary, Destylizing, Pairing, StyleTransfer
from pastiche.dualstylegan.training.destylize import read_closely
from pastiche.dualstylegan.training.paired import Copying, PairedTask, picture_at
from pastiche.dualstylegan.training.pictures import Pictures
from pastiche.dualstylegan.training.players import Players, with_extrinsic_path
from pastiche.dualstylegan.training.target import TargetTask
from pastiche.errors import Cancelled, TrainingError
from pastiche.losses.reconstruction import reconstruction_loss
from pastiche.losses.texture import textured_loss
from pastiche.training.loop import train
from pastiche.training.muon import Muon
from pastiche.training.task import Moment

from .test_run import TINY

EXACT = Pairing(iterations=6, batch=2, side=16, jitter=0.0)


@pytest.fixture
def styles(players, pairs):
    return players.generator.mapping(pairs.extrinsic).detach()


@pytest.fixture
def paintings(base, pictures):
    """Five paintings of five people, who are known in two ways."""
    rng = torch.Generator().manual_seed(6)
    z = torch.randn(2, 5, base[0].num_layers, base[0].config.z_dim, generator=rng)
    images = pictures.batch(torch.tensor([0, 1, 2, 0, 1])).flip(3)
    with torch.no_grad():
        faces = base[0].mapping(z)
    return Paintings(
        faces=faces,
        person=torch.tensor([4, 3, 2, 1, 0]),
        structure=torch.tensor([0, 1, 2, 0, 1]),
        color=torch.tensor([0, 2, 1, 1, 1]),
        pictures=lambda numbers: images[numbers],
    )


def drawn(generator, paintings, styles, draw):
    """The images of a draw, put together by hand: without noise, in all rows."""
    chosen, rows = draw["painting"], generator.config.structure_rows
    faces = torch.stack(
        [paintings.faces[way, paintings.person[number]] for way, number in zip(draw["known"], chosen, strict=True)]
    )
    exstyle = torch.stack(
        [torch.cat([styles[paintings.structure[number]][:rows], styles[paintings.color[number]][rows:]]) for number in chosen]
    )
    return generator.synthesis(faces, exstyle=exstyle, noise="none")


def test_the_loss_is_the_distance_from_the_painting(players, paintings, styles):
    copying = Copying(players.generator, paintings, styles, EXACT)
    draw, moment = copying.draw(torch.Generator().manual_seed(0), 4), Moment()
    with torch.no_grad():
        own = drawn(players.generator, paintings, styles, draw)
        assert copying.loss(draw, moment) == pytest.approx(
            textured_loss(own, paintings.pictures(draw["painting"])).item(), rel=1e-5
        )
        plain = Copying(players.generator, paintings, styles, replace(EXACT, fine=1.0, texture=0.0))
        assert plain.loss(draw, moment) == pytest.approx(
            reconstruction_loss(own, paintings.pictures(draw["painting"])).item(), rel=1e-5
        )
        off = Copying(players.generator, replace(paintings, pictures=lambda _: own + 0.25), styles, EXACT)
        assert off.loss(draw, moment) == pytest.approx(0.25, rel=1e-4)  # everywhere, and without edges
        assert Copying(players.generator, replace(paintings, pictures=lambda _: own), styles, EXACT).loss(draw, moment) < 1e-6


def test_small_images_are_the_stage_of_their_side(base, codes):
    w_plus = codes(base[0], 2)
    with torch.no_grad():
        assert torch.allclose(picture_at(base[0], w_plus, 16), base[0].synthesis(w_plus, noise="none"), atol=1e-5)
        assert picture_at(base[0], w_plus, 8).shape == (2, 3, 8, 8)
    with pytest.raises(ValueError, match="no stage of 12 pixels"):
        picture_at(base[0], w_plus, 12)


def test_people_are_known_in_each_way_and_truncated_as_they_will_be(players, paintings, styles):
    copying = Copying(players.generator, paintings, styles, replace(EXACT, truncation=0.5))
    draw = copying.draw(torch.Generator().manual_seed(0), 64)
    assert draw["known"].bincount().tolist() == pytest.approx([32, 32], abs=12)
    half = {**draw, "psi": torch.zeros(64, 1, 1)}
    scaled = Copying(players.generator, replace(paintings, faces=0.5 * paintings.faces), styles, EXACT)
    with torch.no_grad():
        assert torch.equal(copying.images(players.generator, half), scaled.images(players.generator, draw))


def test_the_papers_presets_have_no_pairs():
    for recipe in PRESETS.values():
        assert (recipe.pairing, recipe.transfer.paired) == ((), 0.0)
        assert recipe.structure_channels is None


def build(base, paintings, pairs, iterations=6, muon=0.0):
    players = Players(with_extrinsic_path(base[0], structure_channels=3), deepcopy(base[1]), Adversary())
    styles = players.generator.mapping(pairs.extrinsic).detach()
    settings = replace(EXACT, iterations=iterations, lr=0.02, jitter=0.05, muon=muon)
    return PairedTask(players, Copying(players.generator, paintings, styles, settings))


def test_the_extrinsic_path_learns_the_paintings_and_the_faces_stay(base, paintings, pairs, schedule, tmp_path, codes):
    task, found = build(base, paintings, pairs, 30), []
    train(
        task, schedule(30, 4), folder=tmp_path, device="cpu", progress=lambda step: found.append(step.losses["paired/pixels"])
    )
    assert sum(found[-6:]) < 0.9 * sum(found[:6])
    generator, faces = task.copying.generator, codes(base[0], 2)
    assert torch.equal(generator.synthesis(faces), base[0].synthesis(faces))
    assert generator.extrinsic.res[0].conv[0].weight.shape[0] == 3
    assert task.samples().shape == (16, 3, 16, 16)
    fresh = with_extrinsic_path(base[0], structure_channels=3)
    assert not torch.equal(generator.extrinsic.style[1].weight, fresh.extrinsic.style[1].weight)


def test_the_extrinsic_path_may_learn_with_muon(base, paintings, pairs):
    assert type(build(base, paintings, pairs, muon=0.2).optimizers["adam"]) is Muon


def test_pairs_alone_go_on_to_the_bit_where_they_were_stopped(base, paintings, pairs, schedule, tmp_path):
    def stop(step):
        if step.index == 6:
            raise Cancelled

    whole, stopped, resumed = (build(base, paintings, pairs) for _ in range(3))
    train(whole, schedule(6), folder=tmp_path / "whole", device="cpu")
    with pytest.raises(Cancelled):
        train(stopped, schedule(6), folder=tmp_path / "stopped", device="cpu", progress=stop)
    train(resumed, schedule(6), folder=tmp_path / "stopped", device="cpu")
    for name, value in whole.networks["extrinsic"].state_dict().items():
        assert torch.equal(value, resumed.networks["extrinsic"].state_dict()[name]), name
    for name, value in whole.averages["extrinsic"].state_dict().items():
        assert torch.equal(value, resumed.averages["extrinsic"].state_dict()[name]), name


def test_style_transfer_has_the_pairs_beside_its_own_losses(players, loss_networks, pictures, pairs, paintings, styles):
    copying = Copying(players.generator, paintings, styles, EXACT)

    def losses(weight):
        settings = StyleTransfer(iterations=2, batch=2, paired=weight)
        task = TargetTask(players, settings, Adversary(), loss_networks, Pictures(pictures), pairs, copying)
        draw = task.draw(torch.Generator().manual_seed(5), 2)
        with torch.no_grad():
            return task.teach(task.fake(draw, Moment()), draw, Moment()), copying.loss(draw, Moment()) if weight else None

    without, _ = losses(0.0)
    found, loss = losses(3.0)
    assert set(found) - set(without) == {"paired"}
    assert found["paired"] == pytest.approx(3 * loss.item())


def test_codes_are_read_more_closely(base):
    z = torch.randn(2, base[0].num_layers, base[0].config.z_dim, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        portraits = picture_at(base[0], base[0].mapping(z.flip(0)), 16)
        found = read_closely(portraits, z, base[0], Destylizing(reading_steps=20, reading_side=16))
        before, after = (reconstruction_loss(picture_at(base[0], base[0].mapping(code), 16), portraits) for code in (z, found))
        assert after < 0.9 * before
        unread = read_closely(portraits, z, base[0], Destylizing(reading_side=16))
        assert torch.allclose(base[0].mapping(unread), base[0].mapping(z), atol=1e-5)


def test_known_people_and_paintings_go_through_all_stages(base, pictures, paintings, tmp_path):
    people = torch.randn(3, base[0].num_layers, base[0].config.z_dim, generator=torch.Generator().manual_seed(4))
    checkpoint = Checkpoint(architecture="stylegan2", generator=base[0], discriminator=base[1], source="small")
    start = Start(checkpoint=checkpoint, pictures=pictures, people=people, paintings=paintings)
    recipe = replace(
        TINY, pairing=(replace(EXACT, side=8), EXACT), structure_channels=3, transfer=replace(TINY.transfer, paired=1.0)
    )
    training, seen = DualTraining(start, recipe, folder=tmp_path / "run", device="cpu"), []
    assert {"paired portraits at 8 pixels", "paired portraits at 16 pixels"} <= set(training.estimate())
    assert "fine-tuning" not in training.estimate()
    training.stage = lambda name: seen.append(name) or (lambda _: None)
    found = training.run()
    paired = ["paired portraits at 8 pixels", "paired portraits at 16 pixels"]
    assert seen[:4] == ["destylization", "structure transfer on faces", *paired]
    assert torch.equal(training.destylize().intrinsic, people)
    assert not (tmp_path / "run" / "1-tuned").exists()
    path = tmp_path / "small.safetensors"
    pastiche.save(found, path)
    loaded = pastiche.load(path).generator
    assert loaded.config.structure_channels == 3
    for name, value in found.generator.extrinsic.state_dict().items():
        assert torch.equal(value, loaded.extrinsic.state_dict()[name]), name


def test_people_are_those_of_the_pictures(base, pictures, tmp_path):
    checkpoint = Checkpoint(architecture="stylegan2", generator=base[0], discriminator=base[1], source="small")
    people = torch.zeros(2, base[0].num_layers, base[0].config.z_dim)
    start = Start(checkpoint=checkpoint, pictures=pictures, people=people)
    with pytest.raises(TrainingError, match="2 people are known for 3 exemplars"):
        DualTraining(start, TINY, folder=tmp_path, device="cpu").run()
