"""Checkpoints whose weights, or differences from a base, are stored in 8 bits."""

import json
from copy import deepcopy

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from pastiche import checkpoints
from pastiche.checkpoints import Checkpoint
from pastiche.checkpoints.eight_bits import channel_shape, in_eight_bits
from pastiche.errors import CheckpointError

LARGE = "convs.0.conv.weight"  # of the generator below


@pytest.fixture
def source(published):
    return Checkpoint(architecture="stylegan2", generator=published.generator(channels={4: 32, 8: 24, 16: 16}), source="faces")


@pytest.fixture
def tuned(source):
    """All parameters moved by about a hundredth, as fine-tuning moves them."""
    generator, rng = deepcopy(source.generator), torch.Generator().manual_seed(5)
    for value in generator.parameters():
        value.data.add_(0.01 * torch.randn(value.shape, generator=rng))
    return Checkpoint(architecture="stylegan2", generator=generator)


@pytest.fixture
def stored(source, tuned, tmp_path):
    """Save the differences, and give the path."""

    def save(dtype):
        path = tmp_path / f"{dtype}.safetensors"
        checkpoints.save(tuned, path, base=source, dtype=dtype)
        return path

    return save


def error(path, tuned, source):
    """The root mean square error of all parameters together, relative to their differences from the base."""
    before, found = source.generator.state_dict(), checkpoints.load(path, base=source).generator.state_dict()
    pairs = [(value - before[name], found[name] - value) for name, value in tuned.generator.named_parameters()]
    moved, wrong = (torch.cat([pair[k].flatten() for pair in pairs]) for k in (0, 1))
    return (wrong.norm() / moved.norm()).item()


def test_differences_in_eight_bits_against_sixteen(source, tuned, stored):
    """A uniform error of a step of 3.5 deviations over 127 is 0.8% of a normally distributed difference."""
    eight, sixteen = stored(torch.int8), stored(torch.float16)
    assert error(sixteen, tuned, source) < 4e-4
    assert 0.004 < error(eight, tuned, source) < 0.01
    size = {path: sum(tensor.nbytes for tensor in load_file(path).values()) for path in (eight, sixteen)}
    assert size[eight] < 0.6 * size[sixteen]


def test_images_follow_the_weights(source, tuned, stored):
    z = torch.randn(4, 12, generator=torch.Generator().manual_seed(0))

    def draw(generator):
        with torch.no_grad():
            return generator.synthesis(generator.mapping(z)[:, None].expand(-1, generator.num_layers, -1))

    wanted, before = draw(tuned.generator), draw(source.generator)
    eight = draw(checkpoints.load(stored(torch.int8), base=source).generator)
    assert (eight - wanted).norm() < 0.01 * (before - wanted).norm()


def test_large_parameters_have_scales_and_the_rest_is_half(stored, tuned):
    found = load_file(stored(torch.int8))
    scaled = {name.removesuffix(".scale") for name in found if name.endswith(".scale")}
    assert scaled == {name for name, tensor in found.items() if tensor.dtype == torch.int8}
    assert f"generator.{LARGE}" in scaled
    assert "generator.style.1.bias" not in scaled
    assert all(found[name + ".scale"].dtype == torch.float32 for name in scaled)
    rest = [name for name in found if name not in scaled and not name.endswith(".scale")]
    assert {found[name].dtype for name in rest} == {torch.float16}
    assert found[f"generator.{LARGE}.scale"].shape == (24,)


def test_each_channel_has_a_scale_of_its_own():
    """A channel that hardly changed is not lost beside one that changed much."""
    weight = torch.randn(1, 8, 16, 3, 3, generator=torch.Generator().manual_seed(1)) * torch.logspace(-6, 2, 8).view(8, 1, 1, 1)
    rounded, scale = in_eight_bits(weight, "here")
    back = rounded * scale.view(channel_shape(weight.shape))
    wrong, size = ((one).square().mean((0, 2, 3, 4)).sqrt() for one in (back - weight, weight))
    assert (wrong / size).max() < 0.01
    assert (back - weight).abs().amax((0, 2, 3, 4)).le(scale / 2 * 1.0001).all()


def test_a_channel_of_zeros():
    rounded, scale = in_eight_bits(torch.cat([torch.zeros(1, 4), torch.ones(1, 4)]), "here")
    assert torch.equal(rounded * scale[:, None], torch.cat([torch.zeros(1, 4), torch.ones(1, 4)]))


def test_without_a_base(source, tmp_path):
    """Weights themselves in 8 bits, for networks that have no base."""
    path = tmp_path / "a.safetensors"
    checkpoints.save(source, path, dtype=torch.int8)
    found = checkpoints.load(path).generator.state_dict()
    for name, value in source.generator.named_parameters():
        assert (found[name] - value).norm() < 0.01 * value.norm(), name
    for name, value in source.generator.named_buffers():
        assert torch.equal(found[name], value.half().float()), name


def test_inspect(stored, source, tmp_path):
    facts = checkpoints.inspect(stored(torch.int8))
    assert facts.dtype == "float16, int8"
    checkpoints.save(source, tmp_path / "whole.safetensors")
    assert facts.parameters == checkpoints.inspect(tmp_path / "whole.safetensors").parameters


def test_the_version_rises_only_where_it_must(stored, source, tmp_path):
    checkpoints.save(source, tmp_path / "whole.safetensors")
    paths = tmp_path / "whole.safetensors", stored(torch.float32), stored(torch.float16), stored(torch.int8)
    assert [opened(path)[0]["version"] for path in paths] == [1, 2, 2, 3]


def test_the_same_checkpoint_gives_the_same_bytes(stored, source, tmp_path):
    checkpoints.save(checkpoints.load(stored(torch.int8), base=source), tmp_path / "a.safetensors", dtype=torch.int8)
    checkpoints.save(checkpoints.load(stored(torch.int8), base=source), tmp_path / "b.safetensors", dtype=torch.int8)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite(source, tuned, tmp_path, value):
    tuned.generator.convs[0].conv.weight.data[0, 3, 2, 1, 0] = value
    with pytest.raises(CheckpointError, match=rf"generator\.{LARGE} holds numbers that are not finite"):
        checkpoints.save(tuned, tmp_path / "a.safetensors", base=source, dtype=torch.int8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop(f"generator.{LARGE}.scale"), f"its generator has no scales for {LARGE}"),
        (
            lambda found: found.update({f"generator.{LARGE}.scale": torch.ones(3)}),
            r"scales of the shape \[3\] .* expected \[24\] in float32",
        ),
        (
            lambda found: found.update({f"generator.{LARGE}.scale": torch.ones(24, dtype=torch.float16)}),
            "type torch.float16 .* in float32",
        ),
        (lambda found: found.update({"generator.style.1.bias.scale": torch.ones(16)}), "has the unexpected keys"),
        (lambda found: found.update({f"generator.{LARGE}": torch.zeros(1, 24, 3, dtype=torch.int8)}), "has other shapes"),
    ],
)
def test_damaged_files(stored, source, change, message):
    path = stored(torch.int8)
    header, tensors = opened(path)
    change(tensors)
    save_file(tensors, path, {"pastiche": json.dumps(header)})
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load(path, base=source)


def opened(path):
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["pastiche"]), load_file(path)
