"""Checkpoints stored as their difference from another one."""

import json
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from pastiche import bundle, checkpoints
from pastiche.agilegan.paths import with_paths
from pastiche.checkpoints import Checkpoint
from pastiche.checkpoints.difference import move_base
from pastiche.errors import CheckpointError


@pytest.fixture
def source(small_generator, small_discriminator):
    return Checkpoint(
        architecture="stylegan2", generator=small_generator(), discriminator=small_discriminator(), source="faces"
    )


@pytest.fixture
def tuned(source):
    """Two paths, of which the blocks of the second and the shared end have changed a little."""
    generator = with_paths(source.generator, ["female", "male"], split=16)
    rng = torch.Generator().manual_seed(5)
    for name, value in generator.named_parameters():
        if name.startswith(("branches", "convs.4", "to_rgbs")):
            value.data.add_(0.01 * torch.randn(value.shape, generator=rng))
    return Checkpoint(architecture="agilegan", generator=generator, options={"iteration": 300})


@pytest.fixture
def small(source, tuned, tmp_path):
    """A file in half precision, beside its base."""
    checkpoints.save(source, tmp_path / "faces.safetensors")
    checkpoints.save(tuned, tmp_path / "a.safetensors", base=source, base_name="faces.safetensors", dtype=torch.float16)
    return tmp_path / "a.safetensors"


def test_values_come_back_exactly(source, tuned, equal, tmp_path):
    checkpoints.save(tuned, tmp_path / "a.safetensors", base=source)
    loaded = checkpoints.load(tmp_path / "a.safetensors", base=source)
    equal(loaded.generator, tuned.generator)
    assert loaded.base is source.generator
    assert loaded.generator.config == tuned.generator.config
    assert loaded.options == tuned.options


def test_only_what_changed_is_stored(small):
    stored = load_file(small)
    assert stored
    assert all(name.startswith(("generator.branches", "generator.convs.4", "generator.to_rgbs")) for name in stored)
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}


def test_differences_round_less_than_weights(source, tuned, small, tmp_path):
    checkpoints.save(tuned, tmp_path / "whole.safetensors", dtype=torch.float16)

    def error(path):
        found = checkpoints.load(path, base=source).generator.state_dict()
        return max((found[key] - value).abs().max().item() for key, value in tuned.generator.state_dict().items())

    assert error(small) < error(tmp_path / "whole.safetensors") / 10
    assert small.stat().st_size < 0.8 * (tmp_path / "whole.safetensors").stat().st_size


def test_the_base_is_found_beside_the_file(small, source, equal):
    loaded = bundle.load(small)
    equal(loaded.base, source.generator)
    equal(loaded.generator.path(0).style, source.generator.style)


def test_the_base_brings_its_discriminator(small, source, equal):
    """With which a face is tuned to; the file itself has none."""
    equal(bundle.load(small).discriminator, source.discriminator)
    equal(bundle.load(small, base=source).discriminator, source.discriminator)


def test_a_base_that_is_not_there(small):
    (small.parent / "faces.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"difference from faces.safetensors, which is not in its folder.*`base`"):
        bundle.load(small)
    with pytest.raises(CheckpointError, match="no base was given"):
        checkpoints.load(small)


def test_another_base(small, source, small_generator):
    other = replace(source, generator=small_generator(seed=3))
    with pytest.raises(CheckpointError, match=r"sha256 of its weights \w{12}.*has other weights \(\w{12}\)"):
        bundle.load(small, base=other)
    with pytest.raises(CheckpointError, match="which holds none"):
        bundle.load(small, base=replace(source, generator=None))


def test_another_mean_is_another_base(small, source):
    """What is left out of the file includes buffers: a base that differs in them alone would change the images."""
    other = deepcopy(source.generator)
    other.w_avg.add_(0.1)
    with pytest.raises(CheckpointError, match="has other weights"):
        checkpoints.load(small, base=replace(source, generator=other))


def test_inspecting_needs_no_base(small):
    (small.parent / "faces.safetensors").unlink()
    facts = bundle.inspect(small)
    assert facts.architecture == "agilegan"
    assert facts.notes == ("It is stored as its difference from faces.safetensors, which it needs.",)


def test_a_base_needs_a_name(source, tuned, tmp_path):
    with pytest.raises(CheckpointError, match="base_name"):
        checkpoints.save(tuned, tmp_path / "a.safetensors", base=replace(source, source=""))


def test_a_name_does_not_leave_the_folder(small, tmp_path):
    """A file from a stranger may name any path as its base."""
    edited(small, lambda base: base.update(name="../../faces.safetensors"))
    (small.parent / "faces.safetensors").unlink()
    with pytest.raises(CheckpointError, match="not in its folder"):
        bundle.load(small)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda base: base.update(shared=[*base["shared"], "nothing.weight"]), "has nothing like it"),
        (lambda base: base.update(shared=base["shared"][1:]), "lacks"),
        (lambda base: base.update(shared=[*base["shared"], "input.conv1.conv.weight"]), "has the unexpected keys"),
        (lambda base: base.pop("sha256"), "damaged base"),
    ],
)
def test_damaged_headers(small, change, message):
    edited(small, change)
    with pytest.raises(CheckpointError, match=message):
        bundle.load(small)


def test_sizes_are_checked_before_memory_is_taken(small):
    """The base's tensors have to fit the sizes that the file claims for its own network."""
    edited(small, None, lambda facts: facts["config"]["channels"].update({"32": 60000}))
    with pytest.raises(CheckpointError, match="has other shapes or types for"):
        bundle.load(small)


def edited(path, of_base, of_part=lambda facts: None):
    with safe_open(path, framework="pt") as file:
        header, tensors = json.loads(file.metadata()["pastiche"]), load_file(path)
    part = header["parts"]["generator"]
    if of_base:
        of_base(part["base"])
    of_part(part)
    save_file(tensors, path, {"pastiche": json.dumps(header)})


def test_a_fine_tuning_is_moved_to_another_training_of_its_base(source, tuned, small_generator):
    before, after = source.generator, small_generator(seed=7)
    moved = deepcopy(tuned.generator)
    move_base(moved, before, after)
    old, new, was = before.state_dict(), after.state_dict(), tuned.generator.state_dict()
    for name, value in moved.state_dict().items():
        twin = name.split(".", 2)[2] if name.startswith("branches") else name
        if was[name].equal(old[twin]):
            assert value.equal(new[twin]), name
        else:
            torch.testing.assert_close(value - new[twin], was[name] - old[twin], atol=1e-5, rtol=0)
