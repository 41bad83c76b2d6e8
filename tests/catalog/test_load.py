"""`pastiche.load("catalog:NAME")`: what the catalog adds to the file, and that it never downloads."""

import hashlib
import os
import sys
from pathlib import Path

import pytest
import torch
from loading import module_at

import pastiche
from pastiche import catalog
from pastiche.bundle import expect_entry
from pastiche.encoders import EncoderConfig, RestyleEncoder
from pastiche.errors import CheckpointError, DownloadError, PasticheError

recognize = sys.modules["pastiche.catalog.recognize"]  # whose function hides it

published = module_at(Path(__file__).parents[1] / "checkpoints" / "published.py")


@pytest.fixture
def encoder(listed):
    """An encoder file that tells neither its architecture nor its space, where the catalog wants it."""

    def put(network=None, **facts):
        target = listed("gd:1", **{"sha256": None, "bytes": None, **facts})
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.save(published.psp(network or published.encoder(6, w_dim=8, stem=4, widths=(4, 8, 8, 16))), target)
        return target

    return put


def test_the_catalog_knows_what_the_file_does_not_tell(encoder):
    path = encoder(architecture="psp", space="z+")
    with pytest.raises(CheckpointError, match="fits both psp and e4e"):
        pastiche.load(path)
    checkpoint = pastiche.load("catalog:thing")
    assert checkpoint.architecture == "psp"
    assert checkpoint.encoder.config.space == "z+"
    assert pastiche.load("catalog:thing", space="w+").encoder.config.space == "w+"  # who says so has the last word
    facts = pastiche.inspect("catalog:thing")
    assert (facts.path, facts.architecture, facts.space, facts.notes) == (str(path), "psp", "z+", ())


def test_restyle_without_options(encoder):
    config = EncoderConfig(num_layers=6, w_dim=8, stem=4, widths=(4, 8, 8, 16), in_channels=6, pyramid=False)
    path = encoder(RestyleEncoder(config), architecture="restyle-e4e")
    with pytest.raises(CheckpointError, match="fits both restyle-psp and restyle-e4e"):
        pastiche.load(path)
    assert pastiche.load("catalog:thing").encoder.config.progressive
    assert pastiche.inspect("catalog:thing").architecture == "restyle-e4e"


def test_how_pictures_are_resized_is_kept(encoder, tmp_path):
    """DualStyleGAN's w+ encoder is a pSp that averages."""
    encoder(architecture="psp", space="w+", resize="area")
    checkpoint = pastiche.load("catalog:thing")
    assert (checkpoint.encoder.config.space, checkpoint.encoder.config.resize) == ("w+", "area")
    pastiche.save(checkpoint, tmp_path / "own.safetensors")
    assert pastiche.load(tmp_path / "own.safetensors").encoder.config.resize == "area"
    assert pastiche.load("catalog:thing", resize="bilinear").encoder.config.resize == "bilinear"


def test_a_published_file_is_recognized_wherever_it_lies(encoder, tmp_path):
    path = encoder(architecture="psp", space="z+", resize="area")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    own = path.rename(tmp_path / "my encoder.pt")
    with pytest.raises(CheckpointError, match="fits both psp and e4e"):
        pastiche.load(own)
    encoder(architecture="psp", space="z+", resize="area", sha256=digest).unlink()
    checkpoint = pastiche.load(own)
    assert checkpoint.architecture == "psp"
    assert (checkpoint.encoder.config.space, checkpoint.encoder.config.resize) == ("z+", "area")
    assert pastiche.inspect(own).notes == ()
    assert pastiche.load(own, space="w+").encoder.config.space == "w+"  # who says so has the last word


def test_it_is_hashed_once(encoder, monkeypatch):
    path = encoder(architecture="psp", space="z+", sha256="0" * 64)
    hashed = []
    monkeypatch.setattr(recognize, "hash_file", lambda path: hashed.append(path) or hashlib.sha256(path.read_bytes()))
    for _ in range(2):
        with pytest.raises(CheckpointError, match="fits both psp and e4e"):
            pastiche.load(path)
    assert hashed == [path]
    os.utime(path, (1, 1))
    pastiche.inspect(path)
    assert len(hashed) == 2


def test_the_first_download_is_recognized_too(encoder, tmp_path):
    path = encoder(architecture="psp", space="z+")
    catalog.remember(path)
    assert pastiche.load(path.rename(tmp_path / "mine.pt")).encoder.config.space == "z+"


def test_files_that_tell_what_they_are_are_not_hashed(monkeypatch, home, tmp_path, small_generator):
    monkeypatch.setattr(recognize, "hash_file", pytest.fail)
    path = tmp_path / "own.safetensors"
    pastiche.save(pastiche.Checkpoint(architecture="stylegan2", generator=small_generator(8)), path)
    assert pastiche.load(path).architecture == "stylegan2"


def test_where_hashes_can_not_be_kept_it_still_works(encoder, home):
    path = encoder(architecture="psp", space="z+")
    catalog.remember(path)
    (home / "hashes.json").mkdir()
    assert pastiche.load(path).encoder.config.space == "z+"


def test_a_file_by_hand_is_read_before_it_is_recorded(encoder, home):
    path = encoder(architecture="psp", space="z+")
    good = path.read_bytes()
    path.write_text("<html>hello</html>")
    with pytest.raises(DownloadError, match=r"is a web page.*remove it, and run `pastiche weights get thing` again"):
        catalog.fetch("thing", check=expect_entry)
    assert "is a web page" in catalog.verify("thing", check=expect_entry).problem
    assert not (home / "known.json").exists()
    path.write_bytes(good)
    assert catalog.fetch("thing", check=expect_entry).proof == "first"
    assert catalog.fetch("thing", check=expect_entry).proof is None
    path.write_bytes(good + b" ")
    with pytest.raises(DownloadError, match="was recorded"):
        catalog.fetch("thing", check=expect_entry)


def test_a_file_of_another_architecture_by_hand(encoder):
    encoder(architecture="agilegan")
    with pytest.raises(DownloadError, match="has an unknown architecture, but thing is agilegan"):
        catalog.fetch("thing", check=expect_entry)


def test_codes_by_hand(listed):
    path = listed("gd:1", architecture="codes", file="thing.npy", sha256=None, bytes=None)
    path.parent.mkdir(parents=True)
    path.write_text("<html>hello</html>")
    with pytest.raises(DownloadError, match=r"thing\.npy"):
        catalog.fetch("thing", check=expect_entry)


def test_a_converted_file_tells_it_itself(encoder):
    path = encoder(architecture="psp", space="z+")
    pastiche.save(pastiche.load("catalog:thing"), path.with_suffix(".safetensors"))
    path.unlink()
    assert pastiche.load("catalog:thing").encoder.config.space == "z+"


def test_what_is_not_there_is_not_fetched(listed, site, answers, content):
    listed(site.on("/thing", answers.whole(content)))
    for use in (pastiche.load, pastiche.inspect):
        with pytest.raises(CheckpointError, match="run `pastiche weights get thing` to download it"):
            use("catalog:thing")
    assert site.requests == []


def test_names_that_mean_nothing(listed):
    path = listed("gd:1", architecture="codes", file="thing.npy")
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(CheckpointError, match="holds codes, and is not a checkpoint"):
        pastiche.load("catalog:thing")
    with pytest.raises(PasticheError, match="the catalog has no 'nothing'"):
        pastiche.load("catalog:nothing")
