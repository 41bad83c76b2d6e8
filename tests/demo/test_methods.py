"""Making one part of the bundle: the models of a method, on a base that is at hand."""

import sys
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.demo.make import PARTS, Recipe, make
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.errors import CheckpointError, TrainingError
from pastiche.progress import silent
from pastiche.stylegan2 import Generator, GeneratorConfig
from pastiche.synthetic.dataset import PortraitDataset

MAKE = sys.modules["pastiche.demo.make"]


def quiet(_name):
    return silent


@pytest.fixture
def base(small_generator, small_discriminator, small_encoder, tmp_path):
    path = tmp_path / "base.safetensors"
    faces = Checkpoint(
        architecture="stylegan2",
        generator=small_generator(),
        discriminator=small_discriminator(),
        encoder=small_encoder,
        source="pastiche-demo",
    )
    pastiche.save(faces, path, dtype=torch.float16)
    return path


@pytest.fixture
def small_encoder(small_generator):
    torch.manual_seed(0)
    rows = small_generator().num_layers
    return CompactEncoder(CompactEncoderConfig(num_layers=rows, w_dim=16, split=3, channels=(8, 8, 16, 16, 16, 16), hidden=24))


@pytest.fixture
def portraits(tmp_path):
    """The folder of another run; nothing is painted in it."""
    folder = tmp_path / "other"
    PortraitDataset.open(folder / "portraits-16", count=3, resolution=16)
    PortraitDataset.open(folder / "portraits-32", count=2, resolution=32)
    PortraitDataset.open(folder / "painted", count=2, resolution=16, kind="styled")
    return folder


@pytest.fixture
def method(monkeypatch):
    """A method whose model is the base with other biases; gives what it was called with."""
    seen = []

    def learn(material, recipe):
        seen.append((material, recipe))
        generator = deepcopy(material.base.generator)
        with torch.no_grad():
            generator.conv1.activate.bias += 0.5
        return {"tinygan-ink": Checkpoint(architecture="stylegan2", generator=generator)}

    monkeypatch.setitem(MAKE.METHODS, "tinygan", learn)
    return seen


def test_one_method_on_a_given_base(base, portraits, method, tmp_path):
    out = tmp_path / "bundle"
    recipe = Recipe()
    make(tmp_path / "run", out, recipe=recipe, only=["tinygan"], base=base, portraits=portraits, stage=quiet)
    ((material, told),) = method
    assert told is recipe
    assert [dataset.resolution for dataset in material.levels] == [16, 32]
    assert material.painted.kind == "styled"
    assert material.run.folder == tmp_path / "run"
    assert sorted(path.name for path in out.iterdir()) == ["faces.safetensors", "tinygan-ink.safetensors"]
    model = pastiche.load(out / "tinygan-ink.safetensors")  # finds its base beside it
    assert model.is_demo
    assert model.license == "MIT"
    moved = model.generator.conv1.activate.bias - pastiche.load(base).generator.conv1.activate.bias
    torch.testing.assert_close(moved, torch.full_like(moved, 0.5), atol=1e-3, rtol=0)
    assert pastiche.inspect(out / "tinygan-ink.safetensors").notes[0].startswith("It is stored as its difference from faces")


def test_the_base_of_the_bundle_is_taken_by_itself(base, portraits, method, tmp_path):
    out = tmp_path / "bundle"
    out.mkdir()
    (out / "faces.safetensors").write_bytes(base.read_bytes())
    make(tmp_path / "run", out, only=["tinygan"], portraits=portraits, stage=quiet)
    assert (out / "tinygan-ink.safetensors").is_file()


def test_without_a_base(portraits, method, tmp_path):
    with pytest.raises(TrainingError, match=r"there is no .*faces\.safetensors.*give its file with --base"):
        make(tmp_path / "run", tmp_path / "bundle", only=["tinygan"], portraits=portraits, stage=quiet)
    assert not method


def test_a_bundle_of_another_base(base, small_generator, portraits, method, tmp_path):
    """Its other models would no longer load."""
    out = tmp_path / "bundle"
    out.mkdir()
    pastiche.save(replace(pastiche.load(base), generator=small_generator(seed=4)), out / "faces.safetensors")
    with pytest.raises(TrainingError, match="is another base than"):
        make(tmp_path / "run", out, only=["tinygan"], base=base, portraits=portraits, stage=quiet)
    assert not method


def test_a_base_without_an_encoder(base, portraits, method, tmp_path):
    pastiche.save(replace(pastiche.load(base), encoder=None), base)
    with pytest.raises(CheckpointError, match="a base has a generator, a discriminator and an encoder"):
        make(tmp_path / "run", tmp_path / "bundle", only=["tinygan"], base=base, portraits=portraits, stage=quiet)


def test_names_and_bases_that_do_not_fit(base, tmp_path):
    with pytest.raises(TrainingError, match=f"no part 'cubism': expected {', '.join(PARTS)}"):
        make(tmp_path / "run", tmp_path / "bundle", only=["cubism"], stage=quiet)
    with pytest.raises(TrainingError, match="faces trains a new base"):
        make(tmp_path / "run", tmp_path / "bundle", only=["faces"], base=base, stage=quiet)


def test_portraits_that_are_not_there(base, method, tmp_path):
    with pytest.raises(TrainingError, match="holds no folder portraits-SIZE"):
        make(tmp_path / "run", tmp_path / "bundle", only=["tinygan"], base=base, portraits=tmp_path, stage=quiet)


def test_a_model_of_an_earlier_bundle_is_moved_to_the_base(base, small_generator, portraits, method, monkeypatch, tmp_path):
    earlier, new = tmp_path / "earlier", tmp_path / "new.safetensors"
    make(tmp_path / "run", earlier, only=["tinygan"], base=base, portraits=portraits, stage=quiet)
    pastiche.save(replace(pastiche.load(base), generator=small_generator(seed=4)), new)

    monkeypatch.setitem(MAKE.METHODS, "tinygan", lambda material, recipe: {"tinygan-ink": material.start("tinygan-ink")})
    out = tmp_path / "bundle"
    make(tmp_path / "next", out, only=["tinygan"], base=new, portraits=portraits, start_from=earlier, stage=quiet)
    model, after = pastiche.load(out / "tinygan-ink.safetensors"), pastiche.load(new)
    for name, value in model.generator.state_dict().items():
        change = 0.5 if name == "conv1.activate.bias" else 0.0
        torch.testing.assert_close(
            value - after.generator.state_dict()[name], torch.full_like(value, change), atol=2e-3, rtol=0
        )


def test_a_bundle_of_other_sizes_to_start_from(base, portraits, method, monkeypatch, tmp_path):
    earlier, new = tmp_path / "earlier", tmp_path / "new.safetensors"
    make(tmp_path / "run", earlier, only=["tinygan"], base=base, portraits=portraits, stage=quiet)
    other = Generator(GeneratorConfig(resolution=32, channels=dict.fromkeys((4, 8, 16, 32), 8), z_dim=16, w_dim=16))
    pastiche.save(replace(pastiche.load(base), generator=other), new)
    monkeypatch.setitem(MAKE.METHODS, "tinygan", lambda material, recipe: {"tinygan-ink": material.start("tinygan-ink")})
    with pytest.raises(CheckpointError, match=r"other sizes than this one.*without --start-from"):
        make(
            tmp_path / "next", tmp_path / "b", only=["tinygan"], base=new, portraits=portraits, start_from=earlier, stage=quiet
        )
