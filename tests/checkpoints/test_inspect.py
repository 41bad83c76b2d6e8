"""Facts without building, files that are something else, and the list of formats."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pastiche import checkpoints
from pastiche.checkpoints import Facts, Format, registry
from pastiche.checkpoints.plan import Plan
from pastiche.dualstylegan import Exemplars
from pastiche.errors import CheckpointError
from pastiche.latents import Latent
from pastiche.people import Tuned
from pastiche.style_protocol import write_style
from pastiche.stylegan2.fingerprint import fingerprint


def test_the_facts_are_those_of_the_loaded_modules(published, saved):
    path = saved(published.psp(published.encoder(6), published.generator(16), encoder_type="Encoder4Editing"))
    facts, checkpoint = checkpoints.inspect(path), checkpoints.load(path)
    assert (facts.path, facts.bytes) == (str(path), path.stat().st_size)
    assert (facts.format, facts.architecture) == ("psp", checkpoint.architecture)
    assert (facts.options, facts.source) == (checkpoint.options, checkpoint.source)
    generator, encoder = checkpoint.generator, checkpoint.encoder
    assert facts.parts == ("generator", "encoder")
    assert (facts.resolution, facts.num_layers, facts.channels) == (16, 6, generator.config.channels)
    assert (facts.z_dim, facts.w_dim, facts.mapping_layers) == (12, 16, 2)
    assert (facts.space, facts.dtype) == (encoder.config.space, "float32")
    assert facts.parameters == {slot: sum(p.numel() for p in m.parameters()) for slot, m in checkpoint.modules.items()}


def test_every_format_gives_facts_for_json(published, saved, tmp_path):
    rosinality = saved(published.rosinality(published.generator(), published.discriminator()))
    checkpoints.save(checkpoints.load(rosinality), tmp_path / "own.safetensors", dtype=torch.float16)
    nvlabs = published.write_nvlabs(tmp_path / "a.pkl", G_ema=published.nvlabs_generator(published.generator()))
    paths = {"rosinality": rosinality, "pastiche": tmp_path / "own.safetensors", "nvlabs": nvlabs}
    for name, path in paths.items():
        facts = checkpoints.inspect(str(path))
        assert isinstance(facts, Facts)
        assert facts.format == name
        assert json.loads(json.dumps(facts.as_dict()))["resolution"] == 16
        assert facts.sha256 is None
        assert checkpoints.inspect(path, sha256=True).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_nothing_is_built(published, saved, monkeypatch):
    path = saved(published.psp(published.encoder(4), published.generator(8), output_size=8))

    def built(*_args):
        raise AssertionError("a module was built")

    monkeypatch.setattr(nn.Module, "__init__", built)
    assert checkpoints.inspect(path).architecture == "psp"


MISTAKES = [
    ("empty", b"", "is empty"),
    ("zeros", bytes(5000), "contains only zeros"),
    ("page", b"<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title>", "is a web page"),
    ("page after a mark", b"\xef\xbb\xbf\n  <HTML><body>Sign in</body></HTML>", "is a web page"),
    ("pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "is a git-lfs pointer"),
    ("gzip", b"\x1f\x8b\x08\x00", "is a gzip archive; unpack it first"),
    ("tar", b"checkpoint".ljust(257, b"\0") + b"ustar\x00", "is a tar archive"),
    ("array", b"\x93NUMPY\x01\x00", "is a NumPy array"),
    ("picture", b"\xff\xd8\xff\xe0", "is a JPEG picture"),
    ("keras", b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
    ("text", b"hello, this is no checkpoint", "begins with 'hello, t'"),
    ("bytes", b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "begins with 01 02 03 04"),
    ("one byte", b"\x80", "its pickle ends"),
    ("a header without a file", (10**6).to_bytes(8, "little") + b"{", "is not a checkpoint"),
]


@pytest.mark.parametrize(("content", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_what_it_is_instead(tmp_path, content, message):
    path = tmp_path / "e4e_ffhq_encode.pt"
    path.write_bytes(content)
    for use in (checkpoints.load, checkpoints.inspect):
        with pytest.raises(CheckpointError) as error:
            use(path)
        assert str(error.value).startswith(f"{path}: ")
        assert message in str(error.value)


@pytest.mark.parametrize(("name", "message"), [("no.pt", "does not exist"), (".", "is a folder"), ("a\0b", "can't be opened")])
def test_paths_without_a_file(tmp_path, name, message):
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load(os.path.join(tmp_path, name))  # a string, and one that Path would mend


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(CheckpointError, match="a device or a pipe"):
        checkpoints.load(tmp_path / "pipe.pt")


def test_an_array_of_numpy(tmp_path):
    np.save(tmp_path / "codes.npy", np.zeros(3))
    with pytest.raises(CheckpointError, match="is a NumPy array"):
        checkpoints.inspect(tmp_path / "codes.npy")


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(registry, "_FORMATS", dict(registry._FORMATS))
    return registry


def test_a_particular_format_is_asked_before_the_one_it_overlaps(known, saved, published):
    def detect(content):
        return "g_ema" in content.root

    def read(_content, _request):
        return Plan(format="blendgan", architecture="blendgan", refusal="it is the one that was registered")

    checkpoints.register(Format(name="blendgan", detect=detect, read=read, before=("rosinality", "psp")))
    names = [form.name for form in known.formats()]
    assert names.index("blendgan") < min(names.index("rosinality"), names.index("psp"))
    path = saved(published.rosinality(published.generator()))
    assert checkpoints.inspect(path).architecture == "blendgan"
    with pytest.raises(CheckpointError, match="it is the one that was registered"):
        checkpoints.load(path)


def test_every_published_format_knows_only_its_own_files(published, saved, tmp_path):
    rosinality = saved(published.rosinality(published.generator()), "a.pt")
    psp = saved(published.psp(published.encoder(4), published.generator(8)), "b.pt")
    nvlabs = published.write_nvlabs(tmp_path / "c.pkl", G_ema=published.nvlabs_generator(published.generator()))
    checkpoints.save(checkpoints.load(rosinality), tmp_path / "d.safetensors")
    paths = {"rosinality": rosinality, "psp": psp, "nvlabs": nvlabs, "pastiche": tmp_path / "d.safetensors"}
    for name, path in paths.items():
        content = checkpoints.load.__globals__["open_file"](Path(path))
        assert [form.name for form in registry.formats() if form.detect(content)] == [name]


def test_a_latent_is_described_and_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    for codes, space, rows, dims in ((torch.zeros(3, 6, 8), "z+", 6, (8, None)), (torch.zeros(3, 8), "w", None, (None, 8))):
        Latent(codes, space).save(path)
        facts = checkpoints.inspect(path)
        assert (facts.format, facts.architecture, facts.space, facts.num_layers) == ("latent", None, space, rows)
        assert (facts.z_dim, facts.w_dim) == dims
        assert facts.options == {"codes": 3}
        assert json.loads(json.dumps(facts.as_dict()))["bytes"] == path.stat().st_size
        with pytest.raises(CheckpointError, match="is not a checkpoint: it holds latent codes"):
            checkpoints.load(path)


def test_exemplars_are_described_and_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    Exemplars(["one", "two"], torch.zeros(2, 6, 8)).save(path)
    facts = checkpoints.inspect(path)
    assert (facts.format, facts.space, facts.num_layers, facts.z_dim) == ("exemplars", "z+", 6, 8)
    assert facts.options == {"names": ["one", "two"]}
    with pytest.raises(CheckpointError, match="is not a checkpoint: it holds exemplars"):
        checkpoints.load(path)


def test_a_style_is_described_and_refused(tmp_path, published):
    """Whatever it holds: a learned one has the tensors of a whole generator."""
    path = tmp_path / "a.safetensors"
    network = published.generator(16)
    tensors = {**network.state_dict(), **published.encoder(4).state_dict()}
    for held in (tensors, {}):
        write_style(path, held, {"method": "jojogan", "base": "abc", "base_name": "a face"})
        facts = checkpoints.inspect(path)
        assert (facts.format, facts.architecture, facts.parts) == ("style", None, ())
        assert facts.options == {"method": "jojogan", "base": "abc", "base_name": "a face", "tensors": len(held)}
        with pytest.raises(CheckpointError, match="it holds a style: load it with load_style"):
            checkpoints.load(path)


def test_a_person_is_described_and_refused(tmp_path, small_generator):
    path, generator = tmp_path / "a.safetensors", small_generator(16)
    codes = torch.zeros(2, generator.num_layers, generator.latent_dim)
    Tuned(Latent(codes, "w+"), small_generator(16, seed=1), generator).save(path, name="a face")
    facts = checkpoints.inspect(path)
    assert (facts.format, facts.architecture, facts.space) == ("person", None, "w+")
    assert (facts.num_layers, facts.w_dim) == tuple(codes.shape[1:])
    assert facts.options == {"base": fingerprint(generator), "base_name": "a face", "people": 2}
    with pytest.raises(CheckpointError, match="is not a checkpoint: it holds a person"):
        checkpoints.load(path)


@pytest.mark.parametrize(
    ("kind", "header", "tensors"),
    [
        ("latent", "q", {"codes": torch.zeros(1, 8)}),
        ("latent", "w", {"codes": torch.zeros(1, 6, 8)}),
        ("latent", "w", {}),
        ("style", "{", {}),
        ("style", "[]", {}),
        ("style", "[" * 100_000, {}),
        ("person", "{}", {}),
        ("person", "[1]", {"codes": torch.zeros(1, 6, 8)}),
        ("directions", "[" * 100_000, {}),
        ("exemplars", "a", {"codes": torch.zeros(2, 6, 8)}),
    ],
)
def test_damaged_files_of_these_kinds(tmp_path, kind, header, tensors):
    save_file(tensors, tmp_path / "a.safetensors", {f"pastiche.{kind}": header})
    with pytest.raises(CheckpointError, match=f"is a damaged {kind} file"):
        checkpoints.inspect(tmp_path / "a.safetensors")


def test_what_the_caller_knows(published, saved):
    path = saved(published.psp(published.encoder(4)) | {"opts": {}})
    facts = checkpoints.inspect(path, architecture="psp", space="z+")
    assert (facts.architecture, facts.space, facts.notes) == ("psp", "z+", ())
    with pytest.raises(CheckpointError, match="holds no encoder with a choice of resizing"):
        checkpoints.load(saved(published.rosinality(published.generator()), "b.pt"), resize="area")
