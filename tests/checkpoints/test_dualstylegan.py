"""DualStyleGAN's files: generators, samplers, and tables of exemplars."""

import pickle
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from loading import module_at

from pastiche import checkpoints
from pastiche.checkpoints.exemplars import load_exemplars
from pastiche.checkpoints.files import open_file
from pastiche.checkpoints.registry import find_format
from pastiche.dualstylegan import CodeSampler, DualStyleConfig, DualStyleGenerator, SamplerConfig
from pastiche.errors import CheckpointError, PasticheError, StyleError, UnsafeCheckpointError

hostile = module_at(Path(__file__).parent / "hostile.py")

# resolution, structure rows, depth of both mappings
CONFIGS = [(32, 7, 8, 2), (64, 7, 2, 2), (16, 5, 3, 1), (32, 3, 1, 3), (64, 9, 2, 1)]


@pytest.fixture
def build(published):
    def make(resolution=32, rows=7, depth=2, structure_layers=2, seed=0):
        sizes = {"channels": published.random_channels(resolution, seed), "z_dim": 16, "w_dim": 16, "mapping_layers": depth}
        config = DualStyleConfig(resolution=resolution, structure_rows=rows, structure_layers=structure_layers, **sizes)
        return published.randomized(DualStyleGenerator(config), seed)

    return make


def state_of(published, generator):
    """In the release's names, kernels included."""
    return {
        key.removeprefix("extrinsic.") if key.startswith("extrinsic.") else f"generator.{key}": tensor
        for key, tensor in published.generator_state(generator).items()
    }


def released(published, generator):
    return {"g_ema": state_of(published, generator), "latent_avg": generator.w_avg.clone()}


@pytest.mark.parametrize("sizes", CONFIGS)
def test_every_size_is_found_in_the_shapes(published, build, through, equal, tmp_path, sizes):
    generator = build(*sizes)
    checkpoint = through(released(published, generator))
    assert checkpoint.architecture == "dualstylegan"
    assert checkpoint.generator.config == generator.config
    equal(checkpoint.generator, generator)
    checkpoints.save(checkpoint, tmp_path / "own.safetensors")
    again = checkpoints.load(tmp_path / "own.safetensors").generator
    assert again.config == generator.config
    equal(again, generator)
    faces, exstyle = again.mapping(torch.randn(2, 1, again.num_layers, 16))
    assert torch.equal(again.synthesis(faces, exstyle=exstyle), generator.synthesis(faces, exstyle=exstyle))


def test_a_finished_style_file(published, build, through):
    checkpoint = through({"g_ema": state_of(published, build())})
    assert checkpoint.options == {"w_avg": "estimated from 10,000 samples of seed 0"}
    assert torch.equal(checkpoint.w_avg, checkpoint.generator.estimate_w_avg())


def test_a_training_checkpoint(published, build, through, equal):
    average, last, discriminator = build(), build(seed=0), published.discriminator(32)
    published.randomized(last, 5)
    root = {
        "g": state_of(published, last),
        "d": published.discriminator_state(discriminator),
        "g_ema": state_of(published, average),
        "args": {"iter": 3000},
        "ada_aug_p": 0.1,
    }
    checkpoint = through(root)
    assert checkpoint.architecture == "dualstylegan"
    equal(checkpoint.discriminator, discriminator)
    assert torch.equal(checkpoint.generator.conv1.conv.weight, average.conv1.conv.weight)
    del root["g_ema"]
    assert torch.equal(through(root).generator.conv1.conv.weight, last.conv1.conv.weight)


def test_facts(published, build, saved):
    facts = checkpoints.inspect(saved(released(published, build(64))))
    assert (facts.architecture, facts.format, facts.resolution, facts.num_layers) == ("dualstylegan", "dualstylegan", 64, 10)


def test_it_is_not_taken_for_another(published, build, saved):
    for name, root in {
        "rosinality": published.rosinality(published.generator(), published.discriminator()),
        "dualstylegan": released(published, build()) | {"d": published.discriminator_state(published.discriminator())},
        "dualstylegan-sampler": released_sampler(sampler()),
    }.items():
        assert find_format(open_file(saved(root, f"{name}.pt"))).name == name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"res.3.conv2.0.weight": None}, r"lacks extrinsic\.res\.3\.conv2\.0\.weight"),
        ({"res.5.conv.0.weight": None}, r"lacks|has the unexpected keys"),
        ({"style.1.weight": None}, "structure_layers is 0"),
        ({"res.7.weight": torch.zeros(16, 15)}, r"has other shapes or types for extrinsic\.res\.7\.weight"),
        ({"res.8.weight": torch.zeros(16, 16)}, r"has the unexpected keys extrinsic\.res\.8\.weight"),
        ({"generator.conv2.weight": torch.zeros(1)}, r"has the unexpected keys conv2\.weight"),
    ],
)
def test_files_that_do_not_fit(published, build, through, change, message):
    state = state_of(published, build()) | change
    with pytest.raises(CheckpointError, match=message):
        through({"g_ema": {key: tensor for key, tensor in state.items() if tensor is not None}})


def sampler(**sizes):
    torch.manual_seed(0)
    config = SamplerConfig(**{"color_rows": 3, "w_dim": 16, "noise_dim": 12, "hidden": 20, **sizes})
    return CodeSampler(config).eval().requires_grad_(False)


def released_sampler(module):
    return {name: getattr(module, name).state_dict() for name in ("color", "structure")}


@pytest.mark.parametrize("sizes", [{}, {"color_rows": 7}, {"color_rows": 11, "w_dim": 8}, {"noise_dim": 20, "hidden": 12}])
def test_a_sampler(through, equal, tmp_path, sizes):
    module = sampler(**sizes)
    checkpoint = through(released_sampler(module))
    assert checkpoint.architecture == "dualstylegan-sampler"
    assert checkpoint.sampler.config == module.config
    equal(checkpoint.sampler, module)
    checkpoints.save(checkpoint, tmp_path / "own.safetensors")
    again = checkpoints.load(tmp_path / "own.safetensors").sampler
    equal(again, module)
    codes = [one.sample(3, torch.Generator().manual_seed(0)) for one in (again, module)]
    assert torch.equal(*codes)


def test_samplers_that_do_not_fit(through):
    root = released_sampler(sampler())
    with pytest.raises(CheckpointError, match="its networks generate 112 and 50 numbers"):
        through({**root, "color": {**root["color"], "lin_out.weight": torch.zeros(50, 20)}})
    with pytest.raises(CheckpointError, match=r"has other shapes or types for color\.bn1\.bias"):
        through({**root, "color": {**root["color"], "bn1.bias": torch.zeros(3)}})


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return {f"{number:03}.jpg": rng.standard_normal((1, 10, 16), dtype=np.float32) for number in (53, 7, 101)}


@pytest.fixture
def refused(tmp_path):
    """Expect that a file is refused; gives the error."""

    def check(content, kind=PasticheError):
        path = tmp_path / "codes.npy"
        path.write_bytes(content)
        with pytest.raises(kind) as caught:
            load_exemplars(path)
        assert len(str(caught.value)) < 600
        return str(caught.value)

    return check


def header(descr="|O", shape=(), version=1):
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).replace("}", ", }").ljust(117) + "\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode()


def dumped(value, protocol=4, core="numpy._core"):
    """As numpy.save writes an object, in the spelling of NumPy 1 (numpy.core) or 2."""
    data = pickle.dumps(np.asanyarray(value, dtype=object), protocol)
    for spelling in (b"numpy._core.", b"numpy.core."):
        if protocol < 4:
            data = data.replace(spelling, f"{core}.".encode())
    return header() + data


def test_a_table(table, tmp_path):
    np.save(tmp_path / "exstyle_code.npy", table)
    exemplars = load_exemplars(tmp_path / "exstyle_code.npy")
    assert exemplars.names == ("053.jpg", "007.jpg", "101.jpg"), "numbers go by the order in the file"
    for number, (name, code) in enumerate(table.items()):
        assert torch.equal(exemplars[number], torch.from_numpy(code[0]))
        assert torch.equal(exemplars[name], torch.from_numpy(code[0]))
    exemplars.save(tmp_path / "own.safetensors")
    again = load_exemplars(tmp_path / "own.safetensors")
    assert again.names == exemplars.names
    assert torch.equal(again.codes, exemplars.codes)


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize("protocol", [2, 3])
def test_as_numpy_1_and_2_write_it(table, tmp_path, core, protocol):
    path = tmp_path / "codes.npy"
    if protocol == 2:  # bytes are text in it, which nobody needs to read
        path.write_bytes(dumped(table, protocol, core))
        with pytest.raises(UnsafeCheckpointError, match=r"_codecs\.encode"):
            load_exemplars(path)
        return
    path.write_bytes(dumped(table, protocol, core))
    assert f"{core}.multiarray".encode() in path.read_bytes()
    assert torch.equal(load_exemplars(path).codes, torch.cat([torch.from_numpy(code) for code in table.values()]))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_the_header(table, tmp_path, version):
    path = tmp_path / "codes.npy"
    path.write_bytes(header(version=version) + dumped(table)[len(header()) :])
    assert len(load_exemplars(path)) == 3


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions(table, tmp_path, dtype):
    np.save(tmp_path / "codes.npy", {name: code.astype(dtype) for name, code in table.items()})
    exemplars = load_exemplars(tmp_path / "codes.npy")
    assert exemplars.codes.dtype == torch.float32
    assert torch.allclose(exemplars[0], torch.from_numpy(table["053.jpg"][0]), atol=2e-3)


@pytest.mark.parametrize("family", ["calls", "instructions", "damage"])
def test_programs_in_a_table_are_not_run(refused, tmp_path, family):
    canary = tmp_path / "canary"
    for _, program in getattr(hostile, family)(canary):
        for content in (program, b"}" + hostile.text("053.jpg") + program + b"s"):
            refused(header() + b"\x80\x02" + content + b".")
            assert not canary.exists()


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_objects_that_ask_for_more(refused, table, tmp_path):
    canary = tmp_path / "canary"
    for value in (Call(exec, f"open({str(canary)!r}, 'w')"), Call(Path.touch, canary), {"a": Call(print, "hello")}, np.float32):
        assert "none of it was run" in refused(dumped(value), UnsafeCheckpointError)
        assert "none of it was run" in refused(dumped({**table, "x": value}), UnsafeCheckpointError)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "does not hold a table"),
        ([1, 2], "array that is not contiguous numbers"),
        ({"a": 3}, "its entry 'a' is not a named array"),
        ({3: np.zeros((1, 2, 2), np.float32)}, "its entry '3' is not a named array"),
        ({"a": np.zeros((1, 2, 2), np.int32)}, "of the type 'i4'"),
        ({"a": np.zeros((1, 2, 2), ">f4")}, "byte order"),
        ({"a": np.zeros((2, 3, 4), np.float32, order="F")}, "array that is not contiguous numbers"),
        ({"a": np.array([None], dtype=object)}, "array that is not contiguous numbers"),
        ({"a": np.zeros((0, 2, 2), np.float32)}, "do not match its shape"),
        ({"a": np.zeros((2, 2), np.float32)}, r"no style codes of one shape \[1, L, D\]"),
        ({"a": np.zeros((2, 2, 2), np.float32)}, r"no style codes of one shape \[1, L, D\]"),
        ({"a": np.zeros((1, 2, 2), np.float32), "b": np.zeros((1, 3, 2), np.float32)}, "no style codes of one shape"),
        ({"a\nb": np.zeros((1, 2, 2), np.float32)}, "are no exemplars"),
    ],
)
def test_tables_of_something_else(refused, value, message):
    assert re.search(message, refused(dumped(value)))


def test_files_of_something_else(refused, table, tmp_path):
    whole = dumped(table)
    assert "is a NumPy array of another kind" in refused(header("<f4", (3,)) + b"\0" * 12, CheckpointError)
    assert "is not a .npy file" in refused(header(version=9), CheckpointError)
    assert "is not a .npy file" in refused(b"\x93NUMPY\x01", CheckpointError)
    assert "is empty" in refused(b"", CheckpointError)
    refused(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{" * 9000, CheckpointError)
    refused(b"PK\x03\x04", StyleError)
    for end in range(len(header()), len(whole) - 1, 97):
        refused(whole[:end], CheckpointError)
    with pytest.raises(CheckpointError, match="does not exist"):
        load_exemplars(tmp_path / "missing.npy")


def test_an_array_that_claims_to_be_large(refused, table):
    """No size is believed that the bytes do not bear out."""
    honest, claimed = b"K\x01K\x0aK\x10\x87", b"K\x01K\x0aJ\xff\xff\xff\x7f\x87"
    content = dumped(table, 3)
    assert honest in content
    assert "do not match its shape" in refused(content.replace(honest, claimed), CheckpointError)


def test_a_table_is_no_checkpoint(table, tmp_path):
    np.save(tmp_path / "codes.npy", table)
    with pytest.raises(CheckpointError, match="is a NumPy array"):
        checkpoints.load(tmp_path / "codes.npy")
