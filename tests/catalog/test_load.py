"""`pastiche.load("catalog:NAME")`: what the catalog adds to the file, and that it never downloads."""

import importlib.util
from pathlib import Path

import pytest
import torch

import pastiche
from pastiche.errors import CheckpointError, PasticheError

_spec = importlib.util.spec_from_file_location("published", Path(__file__).parents[1] / "checkpoints" / "published.py")
published = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(published)


@pytest.fixture
def encoder(listed):
    """An encoder file that tells neither its architecture nor its space, where the catalog wants it."""

    def put(**facts):
        target = listed("gd:1", **facts)
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.save(published.psp(published.encoder(6, w_dim=8, stem=4, widths=(4, 8, 8, 16))), target)
        return target

    return put


def test_the_catalog_knows_what_the_file_does_not_tell(encoder):
    path = encoder(architecture="psp", space="z+")
    with pytest.raises(CheckpointError, match="fits psp and e4e alike"):
        pastiche.load(path)
    checkpoint = pastiche.load("catalog:thing")
    assert checkpoint.architecture == "psp"
    assert checkpoint.encoder.config.space == "z+"
    assert pastiche.load("catalog:thing", space="w+").encoder.config.space == "w+"  # who says so has the last word
    assert pastiche.inspect("catalog:thing").path == str(path)


def test_a_converted_file_tells_it_itself(encoder):
    path = encoder(architecture="psp", space="z+")
    pastiche.save(pastiche.load("catalog:thing"), path.with_suffix(".safetensors"))
    path.unlink()
    assert pastiche.load("catalog:thing").encoder.config.space == "z+"


def test_what_is_not_there_is_not_fetched(listed, site, answers, content):
    listed(site.on("/thing", answers.whole(content)))
    for use in (pastiche.load, pastiche.inspect):
        with pytest.raises(CheckpointError, match="run `pastiche weights get thing` to fetch it"):
            use("catalog:thing")
    assert site.requests == []


def test_names_that_mean_nothing(listed):
    path = listed("gd:1", architecture="codes", file="thing.npy")
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(CheckpointError, match="holds codes, and is no checkpoint"):
        pastiche.load("catalog:thing")
    with pytest.raises(PasticheError, match="the catalog has no 'nothing'"):
        pastiche.load("catalog:nothing")
