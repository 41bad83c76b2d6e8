"""Which experiments run, and what those say that do not."""

import dataclasses
import shutil

import pytest

from pastiche.errors import Cancelled, CheckpointError
from pastiche.evaluation import report
from pastiche.evaluation.report import EXPERIMENTS, Counts, Material, measure
from pastiche.evaluation.result import Result
from pastiche.progress import silent

COUNTS = Counts(faces=6, styles=2, reference=16, steps=0)


@pytest.fixture
def material(base, evaluators, tmp_path):
    return Material(
        base=base,
        evaluators=evaluators,
        counts=COUNTS,
        folder=tmp_path,
        blendgan="there is no BlendGAN",
        agilegan="there is no AgileGAN",
        dualstylegan="there is no DualStyleGAN",
        stage=lambda _name: silent,
    )


def test_missing_material_is_said(material, folder):
    names = [name for name in EXPERIMENTS if name != "mixing"]
    found = list(measure(material, names))
    assert [result.title for result in found] == [EXPERIMENTS[name][0] for name in names]
    said = [result.skipped for result in found]
    assert said[0] == "there is no BlendGAN"
    assert "--style-pictures" in said[1]
    assert said[2] == "there is no AgileGAN"
    assert said[3] == "there is no DualStyleGAN"
    assert "--few-pictures" in said[4]
    (result,) = measure(dataclasses.replace(material, style=folder), ["stopping"])
    assert "--snapshots, or let one be trained with --transfer" in result.skipped


def test_one_failure_leaves_the_others(material, monkeypatch):
    def failing(_material):
        raise CheckpointError("it is damaged")

    monkeypatch.setattr(
        report, "EXPERIMENTS", {"bad": ("Bad", "why", failing), "good": ("Good", "why", lambda _: Result("G", "q"))}
    )
    first, second = measure(material)
    assert first.skipped == "it is damaged"
    assert second.title == "G"


def test_a_stop_stops_everything(material, monkeypatch):
    def stopped(_material):
        raise Cancelled

    monkeypatch.setattr(report, "EXPERIMENTS", {"bad": ("Bad", "why", stopped)})
    with pytest.raises(Cancelled):
        list(measure(material))


def test_a_transfer_learns_from_half_of_the_pictures(material, folder, monkeypatch):
    """And is measured by the other half."""
    seen = {}
    monkeypatch.setattr(report.agilegan, "short_transfer", lambda _base, pictures, *_, **__: seen.update(learned=pictures))
    monkeypatch.setattr(report.agilegan, "early_stopping", lambda _s, pictures, *_, **__: seen.update(measured=pictures))
    list(measure(dataclasses.replace(material, style=folder, transfer=4), ["stopping"]))
    learned, measured = (set(seen[name].names) for name in ("learned", "measured"))
    assert len(learned) == len(measured) == 12
    assert not learned & measured


def test_style_pictures_are_looked_at_before_anything_is_painted(material, base, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "render", lambda *_, **__: pytest.fail("portraits were painted"))
    (tmp_path / "none").mkdir()
    (result,) = measure(dataclasses.replace(material, agilegan=base, style=tmp_path / "none"), ["codes"])
    assert "none holds no pictures" in result.skipped


def test_a_transfer_needs_pictures_for_both_halves(material, folder, tmp_path):
    (tmp_path / "three").mkdir()
    for name in ("00.png", "01.png", "02.png"):
        shutil.copy(folder / name, tmp_path / "three")
    (result,) = measure(dataclasses.replace(material, style=tmp_path / "three", transfer=4), ["stopping"])
    assert "holds 3 pictures, of which one half is learned from" in result.skipped
