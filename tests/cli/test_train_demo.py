"""`pastiche train demo`: one part of the bundle, and a dry run."""

import json
import sys

import pytest

from pastiche.demo.dry_run import DryRun
from pastiche.demo.make import PRESETS
from pastiche.training.rehearsal import Estimate


def test_a_part_that_does_not_exist(run, tmp_path):
    status, _, err = run("train", "demo", "--only", "cubism", "--run", tmp_path / "run", "--out", tmp_path / "bundle")
    assert status == 1
    assert "no part 'cubism': expected faces, perception, report" in " ".join(err.split())


def test_the_base_and_the_portraits_are_passed_on(run, weights, tmp_path):
    options = ("--run", tmp_path / "run", "--out", tmp_path / "bundle", "--portraits", tmp_path / "none")
    status, _, err = run("train", "demo", "--only", "report", "--base", weights, *options)
    assert status == 1
    assert "none holds no folder portraits-SIZE" in " ".join(err.split())
    assert (tmp_path / "bundle" / "faces.safetensors").read_bytes() == weights.read_bytes()


@pytest.fixture
def found(monkeypatch):
    """What a dry run finds; gives what it was asked."""
    asked = []

    def dry_run(*folders, **given):
        asked.append((folders, given))
        stages = {"regression": Estimate(seconds=7200, memory=2**30, measured=False)}
        return DryRun(stages=stages, painting=3600, space=2**31, free=2**33)

    monkeypatch.setattr(sys.modules["pastiche.cli.train.demo"], "try_out", dry_run)
    return asked


def test_a_dry_run_says_what_it_will_take(run, found, tmp_path):
    folder, out = tmp_path / "run", tmp_path / "bundle"
    status, text, _ = run("train", "demo", "--dry-run", "--preset", "small", "--run", folder, "--out", out)
    assert status == 0
    text = " ".join(text.split())
    assert "regression: about 2.0 h, 1.0 GB of memory" in text
    assert "painting: about 60 min" in text
    assert "in all about 3.0 h, 1.0 GB of memory, and up to 2.0 GB in" in text
    assert "8.0 GB are free" in text
    ((folders, given),) = found
    assert folders == (folder, out)
    assert given["recipe"] == PRESETS["small"]
    assert not list(tmp_path.iterdir())


def test_a_dry_run_as_json(run, found, tmp_path):
    status, text, _ = run("train", "demo", "--dry-run", "--json", "--run", tmp_path / "run")
    assert status == 0
    told = json.loads(text)
    assert told["stages"]["regression"] == {"seconds": 7200, "memory": 2**30}
    assert (told["painting"], told["seconds"], told["bytes"]) == (3600, 10800, 2**31)
