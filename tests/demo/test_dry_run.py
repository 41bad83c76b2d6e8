"""A dry run of the bundle: one step of every stage, and nothing left behind."""

from collections import namedtuple
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.demo import dry_run as module
from pastiche.demo.dry_run import DryRun, dry_run
from pastiche.demo.landmarks import LandmarkTask
from pastiche.demo.make import Recipe
from pastiche.demo.recipe import Landmarking, Portraits
from pastiche.errors import PasticheError, TrainingError
from pastiche.progress import silent
from pastiche.synthetic.dataset import PortraitDataset
from pastiche.training.rehearsal import Estimate

from .conftest import SIDE
from .conftest import portraits as painted_portraits
from .test_agilegan import faces  # noqa: F401
from .test_dualstylegan import TINY, here  # noqa: F401
from .test_make import TINY as TINY_BUNDLE

CPU = torch.device("cpu")
COUNT = 8
RECIPE = Recipe(portraits=Portraits(levels=((SIDE, 100),), painted=(SIDE, 50), held_out=0), dual=TINY)


def quiet(_name):
    return silent


@pytest.fixture
def base(faces, tmp_path):  # noqa: F811
    path = tmp_path / "base.safetensors"
    pastiche.save(faces, path)
    return path


@pytest.fixture
def portraits(tmp_path):
    """The folder of another run, whose portraits are painted."""
    folder = tmp_path / "other"
    for name, kind in ((f"portraits-{SIDE}", "plain"), ("painted", "styled")):
        dataset, found = (
            PortraitDataset.open(folder / name, count=COUNT, resolution=SIDE, kind=kind),
            painted_portraits(COUNT, kind=kind),
        )
        for array in ("images", "landmarks", "masks", "done"):
            getattr(dataset, array)[:] = getattr(found, array)
    return folder


def rehearsed(tmp_path, recipe=RECIPE, **given):
    return dry_run(tmp_path / "run", tmp_path / "bundle", recipe=recipe, device=CPU, stage=quiet, **given)


def test_every_stage_of_a_method_makes_a_step_and_nothing_stays(base, portraits, here, tmp_path):  # noqa: F811
    before = sorted(tmp_path.rglob("*"))
    found = rehearsed(tmp_path, only=["dualstylegan"], base=base, portraits=portraits)
    assert list(found.stages) == ["destylization", "structure transfer", "paired portraits at 32 pixels", "style transfer"]
    assert all(stage.seconds > 0 and stage.memory > 0 for stage in found.stages.values())
    assert found.painting > 0
    assert found.whole.seconds == pytest.approx(found.painting + sum(stage.seconds for stage in found.stages.values()))
    assert found.whole.memory == max(stage.memory for stage in found.stages.values())
    assert 0 < found.space < found.free
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_every_stage_of_the_bundle_makes_a_step(tmp_path):
    found = rehearsed(tmp_path, TINY_BUNDLE)
    assert {"regression", "coordinates", "encoder", "joint-64", "joint-128", "adversarial-128", "adversarial-256"} <= set(
        found.stages
    )
    assert {"texture-128", "landmarks", "parsing", "perceptual", "classifier", "detector", "variational"} <= set(found.stages)
    assert {
        "agilegan-poster/copying-64",
        "agilegan-poster/copying-128",
        "agilegan-poster/sharpening",
        "style-encoder",
        "blendgan-pairs",
    } <= set(found.stages)
    assert {"destylization", "structure transfer", "paired portraits at 32 pixels", "style transfer"} <= set(found.stages)
    assert not list(tmp_path.iterdir())


def test_what_is_painted_and_trained_already_is_not_counted(base, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_rehearse_parts", lambda *_given: None)
    monkeypatch.setattr(module, "_painting_seconds", lambda *_way: 1.0)
    whole = rehearsed(tmp_path, only=["report"], base=base)
    assert whole.painting == 150
    ready = PortraitDataset.open(tmp_path / "run" / f"portraits-{SIDE}", count=100, resolution=SIDE)
    ready.done[:40] = True
    rest = rehearsed(tmp_path, only=["report"], base=base)
    assert rest.painting == 110
    assert whole.space - rest.space == 40 * (4 * SIDE**2 + 68 * 2 * 4 + 1)


def test_a_stage_that_was_half_trained_takes_half_as_long(line_run, tmp_path):
    run, task, schedule = line_run
    run.train(task, schedule, "new", silent)
    states = run.resumed / "old" / "states"
    states.mkdir(parents=True)
    (states / f"{schedule.images // 2:09d}.pt").touch()
    run.train(task, schedule, "old", silent)
    assert run.estimates["old"].seconds < run.estimates["new"].seconds
    (states / f"{schedule.images:09d}.pt").touch()
    run.train(task, schedule, "old", silent)
    assert run.estimates["old"].seconds == 0
    assert run.states["new"] == run.states["old"] > 0


@pytest.fixture
def line_run(tmp_path, plain, painted):
    task = LandmarkTask(plain, painted, 0, Landmarking(images=4_000, batch=2))
    run = module._Rehearsal(folder=tmp_path, device=CPU, precision=torch.float32, held_out=0, resumed=tmp_path / "run")
    return run, task, run.schedule(images=4_000, batch=2, seed=0, average_images=10)


def test_a_disk_that_is_too_small(base, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_rehearse_parts", lambda *_given: None)
    monkeypatch.setattr(module, "_painting_seconds", lambda *_way: 1.0)
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: usage(10, 0, 10))
    with pytest.raises(TrainingError, match=r"run needs up to 0.0 GB, and 0.0 GB are free on its disk.*--run"):
        rehearsed(tmp_path, only=["report"], base=base)


@pytest.mark.parametrize("name", ["run", "bundle"])
def test_a_folder_that_can_not_be_written(base, name, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(TrainingError, match=f"{name} can't be written"):
        rehearsed(tmp_path, only=["report"], base=base)


def test_what_the_training_would_refuse(portraits, base, tmp_path):
    with pytest.raises(TrainingError, match="no part 'cubism'"):
        rehearsed(tmp_path, only=["cubism"])
    with pytest.raises(TrainingError, match=r"there is no .*bundle/faces\.safetensors"):
        rehearsed(tmp_path, only=["blendgan"], portraits=portraits)
    pastiche.save(replace(pastiche.load(base), encoder=None), base)
    with pytest.raises(PasticheError, match="a base has a generator, a discriminator and an encoder"):
        rehearsed(tmp_path, only=["blendgan"], base=base, portraits=portraits)


def test_the_whole_has_the_memory_of_its_largest_stage():
    parts = {name: Estimate(seconds=seconds, memory=7 * seconds, measured=True) for name, seconds in (("a", 2), ("b", 3))}
    whole = DryRun(stages=parts, painting=5, space=1, free=2).whole
    assert (whole.seconds, whole.memory, whole.measured) == (10, 21, True)
