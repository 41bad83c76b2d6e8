"""`pastiche invert --tune` and `pastiche stylize --likeness`, at 32 pixels."""

import pytest
import torch

import pastiche
from pastiche import images
from pastiche.cli import person as keeping
from pastiche.latents import Latent
from pastiche.people import LIKENESS


@pytest.fixture
def quick(monkeypatch):
    """Few steps where the command line has no option for their number."""
    monkeypatch.setattr(keeping, "PivotalTuning", lambda: pastiche.PivotalTuning(steps=3, lr=3e-3))


def test_a_person_is_drawn_at_its_code(run, run_json, weights, picture, tmp_path):
    code, tuned, sheet = (tmp_path / name for name in ("code.safetensors", "tuned.safetensors", "compare.png"))
    before = weights.read_bytes()
    arguments = ("invert", picture, "--tune", tuned, "--steps", 8, "--out", code, "--preview", sheet)
    facts = run_json(*arguments, "--aligned", "--weights", weights)
    assert facts["tuned"] == str(tuned)
    assert facts["tuned_mean_square_error"] < facts["mean_square_error"]
    person = pastiche.Tuned.load(tuned, pastiche.load(weights).generator)
    face = pastiche.align(picture, 32, aligned=True)[0].crop
    with torch.no_grad():
        drawn = person.generator(Latent.load(code)).clamp(-1, 1)
    assert float((drawn - face).square().mean()) == pytest.approx(facts["tuned_mean_square_error"], rel=1e-2)
    assert images.read(sheet).shape[-1] > 3 * 32
    assert weights.read_bytes() == before

    plain = tmp_path / "plain.png"
    reference = ("--reference", picture, "--steps", 1, "--strength", 0, "--person", tuned, "--likeness", 1)
    run_json("stylize", picture, *reference, "--out", plain, "--aligned", "--weights", weights)
    assert (images.read(plain) - drawn).abs().max() < 0.02, "stylize does not draw the person"


def test_likeness_changes_the_picture_and_nothing_else(run_json, weights, picture, tmp_path, quick):
    common = ("stylize", picture, "--reference", picture, "--steps", 1, "--aligned", "--weights", weights)
    found, said = {}, {}
    for name, options in {"without": (), "none": ("--likeness", 0), "half": ("--likeness", 0.5)}.items():
        said[name] = run_json(*common, *options, "--out", tmp_path / f"{name}.png")["likeness"]
        found[name] = images.read(tmp_path / f"{name}.png")
    assert said == {"without": 0, "none": 0, "half": 0.5}
    assert torch.equal(found["without"], found["none"])
    assert not torch.equal(found["without"], found["half"])
    assert {path.name for path in tmp_path.iterdir()} == {"picture.png", "without.png", "none.png", "half.png"}


def test_a_person_implies_a_likeness(run_json, weights, picture, tmp_path):
    person, out = tmp_path / "me.safetensors", tmp_path / "out.png"
    aligned = ("--aligned", "--weights", weights)
    run_json("invert", picture, "--tune", person, "--steps", 2, "--out", tmp_path / "code.safetensors", *aligned)
    facts = run_json("stylize", picture, "--reference", picture, "--steps", 1, "--person", person, "--out", out, *aligned)
    assert facts["likeness"] == LIKENESS


def test_a_file_that_is_no_person(run, weights, picture, tmp_path):
    out = tmp_path / "out.png"
    arguments = ("--reference", picture, "--person", weights, "--out", out, "--aligned", "--weights", weights)
    status, _, err = run("stylize", picture, *arguments)
    assert status == 1
    assert "not a person saved by Pastiche" in " ".join(err.replace("\u2502", " ").split())
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--steps", 3), 2, "give --tune too"),
        (("--tune", "tuned.pt"), 1, "is written as .safetensors"),
        (("--tune", "SAME"), 2, "two different files"),
        (("--noise",), 1, "choose --inversion hybrid or optimize, or leave --noise out"),
        (("--noise", "--inversion", "hybrid", "--tune", "tuned.safetensors"), 2, "leave --noise out"),
        (("--noise", "--compare", "sheet.png"), 2, "leave --noise out"),
    ],
)
def test_wrong_use(run, weights, picture, tmp_path, arguments, status, said):
    out = tmp_path / "code.safetensors"
    arguments = [out if argument == "SAME" else argument for argument in arguments]
    ended, _, err = run("invert", picture, "--aligned", "--weights", weights, "--out", out, *arguments)
    assert ended == status
    assert said in " ".join(err.replace("\u2502", " ").split())
    assert not out.exists()
