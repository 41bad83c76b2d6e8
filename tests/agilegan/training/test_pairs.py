"""The paired losses: faces whose stylized portrait is known."""

import pytest
import torch

from pastiche.agilegan.training.config import AgileTransfer
from pastiche.agilegan.training.faces import w_plus_of
from pastiche.agilegan.training.pairs import Pairs
from pastiche.agilegan.training.transfer import agile_task, schedule_of, train_agile
from pastiche.encoders.training import perception_of
from pastiche.errors import Cancelled, TrainingError
from pastiche.losses.texture import textured_loss
from pastiche.stylegan2.coarse import picture_of
from pastiche.training.data import PictureDataset
from pastiche.training.muon import Muon
from pastiche.training.task import Moment

ALONE = {"weight_adversarial": 0.0, "weight_structure": 0.0, "r1": 0.0, "path": 0.0}
SIZES = {"batch": 4, "split": 8, "snapshots": 3, "noise": False}


@pytest.fixture(scope="session")
def pairs(pictures):
    """Five reddish portraits of women by z, and five bluish ones of men by z+."""
    rng = torch.Generator().manual_seed(3)
    return {
        "female": Pairs(torch.randn(5, 16, generator=rng), pictures["female"]),
        "male": Pairs(torch.randn(5, 6, 16, generator=rng), pictures["male"]),
    }


@pytest.fixture(scope="session")
def build_paired(base, pictures, pairs):
    """A task with pairs."""

    def task(start=None, given=None, **changes):
        settings = AgileTransfer(**{**SIZES, "iterations": 6, "weight_paired": 1.0, **changes})
        return agile_task(base, pictures, settings, pairs=pairs if given is None else given, start=start)

    return task


def weights(task):
    return torch.cat([value.detach().flatten() for value in task.average.parameters()])


def test_the_loss_compares_each_path_with_the_portraits_of_its_attribute(build_paired):
    """Every path starts as the source, so the loss is that of the source's images."""
    task = build_paired(weight_paired=2.0, weight_paired_features=0.5, paired_fine=0.6, paired_texture=2.0)
    draw = task.draw(torch.Generator().manual_seed(9), 4)
    losses = task.copying(draw, Moment())
    drawn, wanted = [], []
    for path, pairs in enumerate(task.pairs):
        numbers = draw[f"pairs_{path}"]
        z = pairs.codes[numbers]
        z_plus = z if path else z[:, None].expand(-1, 6, -1)
        drawn.append(task.source.synthesis(w_plus_of(task.source, z_plus)))
        wanted.append(pairs.pictures.batch(numbers))
    images, portraits = torch.cat(drawn), torch.cat(wanted)
    torch.testing.assert_close(losses["paired"].detach(), 2 * textured_loss(images, portraits, fine=0.6, texture=2.0))
    features = perception_of(task.structure.network).compare(images, portraits)
    torch.testing.assert_close(losses["paired_features"].detach(), 0.5 * features)


def test_small_portraits_are_compared_at_their_size(base, pictures, pairs):
    small = {name: Pairs(each.codes, each.pictures.resized(8)) for name, each in pairs.items()}
    settings = AgileTransfer(**SIZES, **ALONE, weight_paired=1.0)
    task = agile_task(base, pictures, settings, pairs=small)
    draw = task.draw(torch.Generator().manual_seed(9), 4)
    codes = [w_plus_of(task.source, each.z_plus(draw[f"pairs_{path}"], 6)) for path, each in enumerate(task.pairs)]
    images = torch.cat([picture_of(task.source, w_plus, 8, "fixed") for w_plus in codes])
    wanted = torch.cat([each.pictures.batch(draw[f"pairs_{path}"]) for path, each in enumerate(task.pairs)])
    assert wanted.shape == (8, 3, 8, 8)
    torch.testing.assert_close(task.copying(draw, Moment())["paired"].detach(), textured_loss(images, wanted))


def test_the_last_stage_is_the_whole_image(base, codes):
    w_plus = codes(base.generator)
    torch.testing.assert_close(picture_of(base.generator, w_plus, 16, "fixed"), base.generator.synthesis(w_plus))
    with pytest.raises(ValueError, match="no stage of 64 pixels"):
        picture_of(base.generator, w_plus, 64)


def test_pairs_alone_teach_each_path_its_portraits(build_paired, base, tmp_path):
    task = build_paired(**ALONE, iterations=40, lr=0.01, average_images=20.0, snapshots=40)
    assert [phase.name for phase in task.phases] == ["generator"]
    seen = []
    schedule = schedule_of(task.settings, precision="float32")
    train_agile(
        task,
        base,
        folder=tmp_path,
        schedule=schedule,
        device="cpu",
        progress=lambda step: seen.append(step.losses["generator/paired"]),
    )
    assert sum(seen[-5:]) < 0.6 * sum(seen[:5])


def test_two_runs_agree_to_the_bit_also_when_one_was_interrupted(build_paired, base, tmp_path):
    def stop(step):
        if step.index == 12:
            raise Cancelled

    def run(name, progress=lambda _step: None):
        task = build_paired(own_rows=0.5, weight_paired_features=0.1)
        schedule = schedule_of(task.settings, precision="float32")
        train_agile(task, base, folder=tmp_path / name, schedule=schedule, device="cpu", progress=progress)
        return weights(task)

    whole = run("whole")
    with pytest.raises(Cancelled):
        run("halved", stop)
    assert torch.equal(whole, run("halved"))


def test_a_transfer_starts_from_an_earlier_one(build_paired, base, pictures):
    first = build_paired()
    with torch.no_grad():
        first.average.convs[0].activate.bias.add_(1)
    second = build_paired(start=first.average)
    assert second.generator.convs[0].activate.bias.equal(first.average.convs[0].activate.bias)
    assert second.average.convs[0].activate.bias.equal(first.average.convs[0].activate.bias)
    with pytest.raises(TrainingError, match="other sizes or paths"):
        build_paired(start=first.average, split=16)


def test_the_generator_may_learn_with_muon(build_paired):
    assert type(build_paired(muon=0.2).optimizers["generator"]) is Muon
    assert type(build_paired().optimizers["generator"]) is torch.optim.Adam


def test_some_faces_have_one_z_in_all_rows(build_paired):
    draw = build_paired(own_rows=0.5).draw(torch.Generator().manual_seed(0), 64)
    alike = (draw["generator_z"] == draw["generator_z"][:, :1]).flatten(1).all(dim=1)
    assert 16 < int(alike.sum()) < 48


def test_pairs_that_do_not_fit(build_paired, pairs, pictures):
    with pytest.raises(TrainingError, match="no pairs: give both"):
        build_paired(given={})
    with pytest.raises(TrainingError, match="no weight for them: give both"):
        build_paired(weight_paired=0.0)
    with pytest.raises(TrainingError, match="pairs of female, and the attributes are female, male"):
        build_paired(given={"female": pairs["female"]})
    with pytest.raises(TrainingError, match="3 codes and 5 portraits"):
        Pairs(torch.zeros(3, 16), pictures["female"])
    with pytest.raises(TrainingError, match=r"the codes of the pairs are \[7\] numbers, and the generator takes \[16\]"):
        build_paired(given={**pairs, "male": Pairs(torch.zeros(5, 7), pictures["male"])})
    odd = PictureDataset(pictures["male"].source, 12, pictures["male"].indices)
    with pytest.raises(TrainingError, match="12 pixels wide, and the generator has the resolutions 4, 8, 16"):
        build_paired(given={**pairs, "male": Pairs(torch.zeros(5, 16), odd)})


@pytest.mark.parametrize(
    ("changes", "message"), [({"own_rows": 1.5}, "own_rows is 1.5"), ({**ALONE, "weight_paired": 0.0}, "the weights are all 0")]
)
def test_settings_that_teach_nothing(changes, message):
    with pytest.raises(TrainingError, match=message):
        AgileTransfer(**changes)
