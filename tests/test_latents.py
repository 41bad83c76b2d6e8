"""Latents: their spaces, and their files."""

from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pastiche.errors import LatentError
from pastiche.latents import Latent


@pytest.fixture
def latent():
    return Latent(torch.randn(3, 6, 8, generator=torch.Generator().manual_seed(0)), "w+")


def test_the_space_decides_the_axes():
    for space in ("z", "w"):
        assert len(Latent(torch.zeros(2, 8), space)) == 2
        with pytest.raises(LatentError, match=rf"in {space} has the shape \[N, D\], not \[2, 6, 8\]"):
            Latent(torch.zeros(2, 6, 8), space)
    for space in ("z+", "w+"):
        assert len(Latent(torch.zeros(2, 6, 8), space)) == 2
        with pytest.raises(LatentError, match=r"has the shape \[N, L, D\], not \[2, 8\]"):
            Latent(torch.zeros(2, 8), space)
    with pytest.raises(LatentError, match="unknown latent space 's'"):
        Latent(torch.zeros(2, 8), "s")


def test_choosing_codes(latent):
    for index in (0, 2, -1, -3):
        chosen = latent[index]
        assert chosen.space == "w+"
        assert torch.equal(chosen.codes[0], latent.codes[index])
        assert len(chosen) == 1
    assert torch.equal(latent[1:].codes, latent.codes[1:])
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"no code {index} among 3"):
            latent[index]


def test_walking_through_codes_ends(latent):
    assert [code.codes.shape for code, _ in zip(latent, range(9), strict=False)] == [(1, 6, 8)] * 3


def test_expecting_a_space(latent):
    assert latent.expect("w+") is latent.codes
    assert latent.expect("z+", "w+") is latent.codes
    with pytest.raises(LatentError, match=r"is in w\+, and z or z\+ is needed$"):
        latent.expect("z", "z+")
    with pytest.raises(LatentError, match=r"is in z\+, and w\+ is needed: convert it with the generator") as caught:
        replace(latent, space="z+").expect("w+")
    for interface in ("command", "node"):
        assert "encoder whose codes are in w+" in caught.value.message(interface)
        assert "to_w_plus" not in caught.value.message(interface)


def test_precision(latent):
    assert latent.to(dtype=torch.float16).codes.dtype == torch.float16
    assert latent.to("cpu").space == "w+"


@pytest.mark.parametrize("space", ["z", "z+", "w", "w+"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_saved_and_loaded(tmp_path, space, dtype):
    codes = torch.randn((2, 6, 8) if space.endswith("+") else (2, 8)).to(dtype)
    path = tmp_path / "face.safetensors"
    Latent(codes, space).save(path)
    found = Latent.load(str(path))
    assert found.space == space
    assert found.codes.dtype == dtype
    assert torch.equal(found.codes, codes)
    assert [entry.name for entry in tmp_path.iterdir()] == ["face.safetensors"]


def test_codes_that_share_memory_or_learn(tmp_path):
    codes = torch.randn(1, 8, requires_grad=True)
    Latent(codes[:, None].expand(-1, 6, -1), "w+").save(tmp_path / "face.safetensors")
    found = Latent.load(tmp_path / "face.safetensors")
    assert torch.equal(found.codes, codes.detach()[:, None].repeat(1, 6, 1))
    assert not found.codes.requires_grad


def test_the_file_tells_the_space(tmp_path, latent):
    latent.save(tmp_path / "face.safetensors")
    with safe_open(tmp_path / "face.safetensors", framework="pt") as file:
        assert file.metadata() == {"pastiche.latent": "w+"}


def test_an_interrupted_save_leaves_the_old_file(tmp_path, latent, monkeypatch):
    path = tmp_path / "face.safetensors"
    latent.save(path)

    def fail(_tensors, beside, _metadata):
        beside.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("pastiche.tensor_files.save_file", fail)
    with pytest.raises(LatentError, match="disk full"):
        latent[:1].save(path)
    assert len(Latent.load(path)) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["face.safetensors"]


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        ({"codes": torch.zeros(1, 8)}, None, "not a latent saved by Pastiche"),
        ({"codes": torch.zeros(1, 8)}, {"pastiche.style": "{}"}, "not a latent saved by Pastiche"),
        ({"weight": torch.zeros(1, 8)}, {"pastiche.latent": "w"}, "not a latent saved by Pastiche"),
        ({"codes": torch.zeros(1, 8), "more": torch.zeros(1)}, {"pastiche.latent": "w"}, "not a latent saved by Pastiche"),
        ({"codes": torch.zeros(1, 8)}, {"pastiche.latent": "w+"}, r"shape \[N, L, D\], not \[1, 8\]"),
        ({"codes": torch.zeros(1, 8)}, {"pastiche.latent": "q"}, "unknown latent space 'q'"),
        ({"codes": torch.zeros(1, 8, dtype=torch.int64)}, {"pastiche.latent": "w"}, r"codes of torch\.int64"),
    ],
)
def test_files_that_hold_something_else(tmp_path, tensors, metadata, message):
    path = tmp_path / "other.safetensors"
    save_file(tensors, path, metadata)
    with pytest.raises(LatentError, match=message):
        Latent.load(path)


def test_advice_about_a_foreign_file_is_for_its_reader(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"codes": torch.zeros(1, 8)}, path, {})
    with pytest.raises(LatentError) as refused:
        Latent.load(path)
    assert refused.value.message("command").endswith("`pastiche inspect` says what it is; `pastiche invert` writes a latent")
    assert refused.value.message("node").endswith("but not a latent saved by Pastiche: choose a file that Save Latent wrote")


def test_files_that_can_not_be_read(tmp_path):
    with pytest.raises(LatentError, match=r"missing\.safetensors can't be read as a latent"):
        Latent.load(tmp_path / "missing.safetensors")
    with pytest.raises(LatentError, match="can't be read as a latent"):
        Latent.load(tmp_path)
    (tmp_path / "garbage.safetensors").write_bytes(b"\x80\x02garbage" * 20)
    with pytest.raises(LatentError, match=r"garbage\.safetensors can't be read as a latent"):
        Latent.load(tmp_path / "garbage.safetensors")
