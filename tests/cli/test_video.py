"""`pastiche video`, on a short clip of the photo that ships and a tiny bundle of random weights."""

from importlib import import_module

import numpy as np
import pytest

from pastiche.bench.video import VideoRow, photo_clip, write_frames
from pastiche.bundle import demo_photo
from pastiche.video import probe, read_frames


@pytest.fixture(autouse=True)
def folder(shipped):
    return shipped()


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Three frames with one face."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_frames(path, photo_clip(3, 192).frames)
    return path


@pytest.fixture
def film(run_json, clip, tmp_path):
    """The frames that a command makes, and its facts."""

    def call(*options):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.mp4"
        facts = run_json("video", clip, "--out", path, *options)
        return np.stack([frame.pixels for frame in read_frames(path, probe(path))]).astype(float), facts

    return call


def far(one, other):
    return np.abs(one - other).mean() > 1


CASES = [
    ("blendgan", ["--style-seed", 3]),
    ("dualstylegan", ["--exemplar", "bob"]),
    ("agilegan", ["--attribute", "male"]),
]


@pytest.mark.parametrize(("method", "making"), CASES, ids=[name for name, _ in CASES])
def test_a_method_brings_its_model(film, clip, method, making):
    pictures, facts = film("--method", method, *making, "--likeness", 0, "--region", "square")
    assert (facts["frames"], facts["with_faces"], facts["method"]) == (3, 3, method)
    again, _ = film("--weights", f"demo:{method}", *making, "--likeness", 0, "--region", "square")
    assert np.array_equal(pictures, again)
    before = np.stack([frame.pixels for frame in read_frames(clip, probe(clip))]).astype(float)
    assert far(pictures, before)


def test_a_photo_moves_in_the_style_of_a_method(film):
    common = ("--face", demo_photo(), "--likeness", 0, "--region", "square")
    styled, facts = film("--method", "agilegan", *common)
    assert facts["method"] == "agilegan"
    plain, facts = film(*common)
    assert facts["method"] is None
    assert far(styled, plain)


def test_options_of_another_method_are_refused(run, clip, tmp_path):
    status, _, err = run("video", clip, "--method", "agilegan", "--exemplar", 1, "--out", tmp_path / "out.mp4")
    assert status == 2
    assert "--exemplar is no option of agilegan" in " ".join(err.replace("│", " ").split())


def test_a_video_is_not_replaced_by_its_own_result(run, clip):
    before = clip.read_bytes()
    status, _, err = run("video", clip, "--reference", demo_photo(), "--out", clip)
    assert status == 1
    assert "is the video that is read, and would be replaced" in " ".join(err.split())
    assert clip.read_bytes() == before


def test_a_video_that_is_missing_is_named_before_a_style_is_learned(run, tmp_path, monkeypatch):
    monkeypatch.setattr("pastiche.cli.methods.learn_style", None)
    options = ["--reference", demo_photo(), "--out", tmp_path / "out.mp4"]
    for more in ([], ["--preview"]):
        status, _, err = run("video", tmp_path / "none.mp4", *options, *more)
        assert status == 1
        assert "none.mp4 can't be read as a video" in " ".join(err.split())


def test_a_photo_that_is_missing_is_named_before_a_style_is_learned(run, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("pastiche.cli.methods.learn_style", None)
    options = ["--reference", demo_photo(), "--face", tmp_path / "none.jpg", "--likeness", 0, "--out", tmp_path / "out.mp4"]
    status, _, err = run("video", clip, *options)
    assert status == 1
    assert "none.jpg" in " ".join(err.split())


def test_flicker_is_measured_for_every_method(run_json):
    found = run_json(
        "evaluate", "video", "--method", "agilegan", "--clip", "photo", "--frames", 4, "--size", 192, "--region", "square"
    )
    (row,) = found["clips"]
    assert (found["frames"], row["clip"]) == (4, "photo")
    assert row["ratio"] == pytest.approx(row["smooth"] / row["alone"])
    assert 0 < row["still"] < row["alone"]


def test_flicker_is_measured_with_likeness_too(run_json, monkeypatch):
    seen = {}

    def measured(clip, style, networks, settings, folder, *, phases):
        seen.update(settings=settings, networks=networks)
        errors = dict.fromkeys(("original", "alone", "smooth", "ratio", "still"), 1.0)
        return VideoRow(clip=clip.name, **errors, jitter=(0.0, 0.0), kept=(1.0, 1.0))

    monkeypatch.setattr(import_module("pastiche.cli.evaluate_video"), "measure_video", measured)
    found = run_json(
        *("evaluate", "video", "--method", "agilegan", "--clip", "photo", "--frames", 4, "--size", 192, "--likeness", 0.5)
    )
    assert found["likeness"] == seen["settings"].likeness == 0.5
    assert seen["networks"].discriminator is not None, "the tuning needs a perceptual distance"
