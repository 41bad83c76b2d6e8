"""The methods on the bundle's models, without --weights; on a tiny bundle of random weights."""

from dataclasses import replace

import pytest

import pastiche
from pastiche.checkpoints import save
from pastiche.cli import person as keeping
from pastiche.cli.options import load_models
from pastiche.inversion import PivotalTuning
from pastiche.jojogan import PRESETS, OneShot
from pastiche.people import LIKENESS


@pytest.fixture(autouse=True)
def folder(shipped):
    return shipped()


@pytest.fixture
def stylize(run, run_json, picture, tmp_path):
    """Stylize the picture; gives the facts and the result, or the message where it goes wrong."""

    def call(*options, wrong=None):
        target = tmp_path / "out.png"
        common = ["stylize", picture, "--aligned", "--likeness", 0, "--out", target, *options]
        if wrong is None:
            facts = run_json(*common)
            return facts, pastiche.read(target)
        status, _, err = run(*common)
        assert status == wrong
        return " ".join(err.replace("\u2502", " ").split())

    return call


CASES = [
    ("blendgan", ["--reference", "PICTURE"]),
    ("blendgan", ["--style-seed", 3, "--indicator", 7]),
    ("dualstylegan", ["--exemplar", "bob"]),
    ("dualstylegan", ["--exemplar", "bob", "--exemplars", "demo:dualstylegan"]),
    ("dualstylegan", ["--reference", "PICTURE"]),
    ("dualstylegan", ["--style-seed", 3]),
    ("agilegan", []),
    ("agilegan", ["--attribute", "male"]),
]


@pytest.mark.parametrize(("method", "making"), CASES, ids=[" ".join(map(str, (name, *given))) for name, given in CASES])
def test_a_method_brings_its_model(stylize, picture, method, making):
    making = [picture if word == "PICTURE" else word for word in making]
    facts, drawn = stylize("--method", method, *making)
    assert facts["method"] == method
    named, again = stylize("--weights", f"demo:{method}", *making)
    assert named == facts
    assert again.equal(drawn)
    assert not stylize("--method", method, *making, "--strength", 0.3)[1].equal(drawn)


def test_a_file_of_the_bundle_is_its_model(stylize, folder):
    """With the discriminator of its base, so that a person's likeness can be kept."""
    common = ("--style-seed", 3, "--likeness", 0)
    drawn = stylize("--weights", folder / "blendgan.safetensors", *common)[1]
    assert drawn.equal(stylize("--weights", "demo:blendgan", *common)[1])
    assert pastiche.load(folder / "blendgan.safetensors").discriminator is not None
    assert type(pastiche.load(folder / "agilegan-ink.safetensors").encoder).__name__ == "CompactVariationalEncoder"


@pytest.mark.parametrize(
    ("method", "making"),
    [("blendgan", ["--reference", "PICTURE"]), ("dualstylegan", ["--exemplar", "bob"]), ("agilegan", ["--attribute", "male"])],
)
def test_a_folder_with_a_method(stylize, run_json, picture, tmp_path, method, making):
    making = ["--method", method, *(picture if word == "PICTURE" else word for word in making)]
    out = tmp_path / "drawn"
    facts = run_json("batch", picture, "--aligned", *making, "--out", out)
    assert (facts["method"], facts["done"]) == (method, 1)
    assert pastiche.read(out / "picture.png").equal(stylize(*making)[1])


def test_a_folder_with_a_saved_style_of_a_method(stylize, run_json, picture, tmp_path):
    kept, out = tmp_path / "kept.safetensors", tmp_path / "drawn"
    drawn = stylize("--method", "agilegan", "--attribute", "male", "--save-style", kept)[1]
    assert run_json("batch", picture, "--aligned", "--style", kept, "--out", out)["method"] == "agilegan"
    assert pastiche.read(out / "picture.png").equal(drawn)


def test_the_second_style_of_agilegan(stylize):
    assert not stylize("--weights", "demo:agilegan-toon")[1].equal(stylize("--method", "agilegan")[1])


@pytest.mark.parametrize(
    ("method", "making"), [("blendgan", ["--style-seed", 3]), ("agilegan", []), ("dualstylegan", ["--exemplar", 1])]
)
def test_a_saved_style_brings_its_model(stylize, tmp_path, method, making):
    kept = tmp_path / "kept.safetensors"
    drawn = stylize("--method", method, *making, "--save-style", kept)[1]
    facts, again = stylize("--style", kept)
    assert facts["method"] == method
    assert again.equal(drawn)


def test_weights_of_another_method(stylize, weights):
    assert "has the architecture stylegan2, but blendgan needs blendgan: leave out --weights for the bundle's model" in stylize(
        "--method", "blendgan", "--weights", weights, "--style-seed", 1, wrong=1
    )
    words = stylize("--method", "agilegan", "--weights", "demo:blendgan", wrong=1)
    assert "has the architecture blendgan, but agilegan needs agilegan" in words
    assert "--method blendgan" in words


def test_an_option_of_another_method(stylize):
    assert "--exemplar is no option of jojogan, which these weights are for: --method dualstylegan has it" in stylize(
        "--exemplar", 1, wrong=2
    )


def test_agilegan_keeps_a_person_by_default(run_json, picture, tmp_path, monkeypatch):
    """The generator that is tuned is its source."""
    monkeypatch.setattr(keeping, "COARSE_TO_FINE", PivotalTuning(steps=3, lr=3e-3))
    common = ("stylize", picture, "--aligned", "--method", "agilegan")
    facts = run_json(*common, "--out", tmp_path / "a.png")
    assert facts["likeness"] == LIKENESS
    run_json(*common, "--likeness", 0, "--out", tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_a_person_of_an_agilegan_is_found_by_the_encoder_of_its_source():
    models = load_models("demo:agilegan", None, "cpu")
    assert models.tunable.generator is models.source
    assert type(models.encoder).__name__ == "CompactVariationalEncoder"
    assert type(models.tunable.encoder).__name__ == "CompactEncoder"
    plain = load_models("demo", None, "cpu")
    assert plain.tunable is plain


def test_a_model_that_is_not_there(stylize, monkeypatch, tmp_path, folder):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "faces.safetensors").symlink_to(folder / "faces.safetensors")
    monkeypatch.setattr("pastiche.resources._shipped", tmp_path.joinpath)
    words = stylize("--method", "blendgan", "--style-seed", 1, wrong=1)
    assert (
        "the bundle has no 'blendgan', but demo: choose one of these, published weights (pastiche weights list), or make it"
        in words
    )


def test_inspect(run):
    status, out, _ = run("inspect", "demo:blendgan")
    assert status == 0
    assert "It is stored as its difference from faces.safetensors, which it needs." in " ".join(out.split())
    assert "blendgan" in out


def test_convert_makes_it_whole(run, folder, tmp_path):
    assert run("convert", "demo:blendgan", "--out", tmp_path / "whole.safetensors")[0] == 0
    assert pastiche.load(tmp_path / "whole.safetensors").encoder is not None


def test_generate(run, tmp_path):
    assert run("generate", "--weights", "demo:dualstylegan", "--out", tmp_path / "a.png")[0] == 0


def test_the_demo_shows_every_method(run, picture, tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "demo", OneShot(steps=1))
    monkeypatch.setattr("pastiche.cli.person.COARSE_TO_FINE", PivotalTuning(steps=1))
    rows = []
    monkeypatch.setattr("pastiche.cli.demo.sheet", lambda images, _columns, **how: rows.append((images, how)) or images[0])
    status, _, err = run("demo", picture, "--aligned", "--reference", picture, "--out", tmp_path / "demo.png")
    assert status == 0, err
    ((images, how),) = rows
    titles = how["row_titles"]
    assert titles == ["", "JoJoGAN", "AgileGAN ink", "AgileGAN toon", "BlendGAN", "DualStyleGAN"]
    assert len(images) == len(how["captions"]) == 5 * len(titles)
    assert all(image.isfinite().all() for image in images[5:])
    assert how["captions"][10:12] == ["a random face, female", "a random face, male"]
    assert not images[10].equal(images[11])


class TestExemplars:
    def test_the_sheet_shows_each(self, run_json, tmp_path):
        target = tmp_path / "sheet.png"
        facts = run_json("exemplars", "--out", target)
        names = list(pastiche.load_exemplars("demo:dualstylegan").names)
        assert facts == {"written": str(target), "exemplars": names}
        one_row = pastiche.read(target)
        assert run_json("exemplars", "--out", target, "--columns", 1)["exemplars"] == names
        assert pastiche.read(target).shape[-2] > one_row.shape[-2]

    def test_of_a_photo_and_with_less_of_the_style(self, run_json, picture, tmp_path):
        target = tmp_path / "sheet.png"
        seen = []
        for options in (
            [],
            [picture, "--aligned"],
            [picture, "--aligned", "--structure", 0],
            ["--exemplars", "demo:dualstylegan", "--seed", 1],
        ):
            run_json("exemplars", *options, "--out", target)
            seen.append(pastiche.read(target))
        assert all(not one.equal(other) for index, one in enumerate(seen) for other in seen[:index])

    def test_of_another_method(self, run, tmp_path):
        status, _, err = run("exemplars", "--weights", "demo", "--out", tmp_path / "sheet.png")
        assert status == 1
        assert "is a stylegan2: give a DualStyleGAN with --weights" in " ".join(err.split())

    def test_of_weights_that_hold_none(self, run, tmp_path):
        whole = pastiche.load("demo:dualstylegan")
        save(replace(whole, exemplars=None), tmp_path / "bare.safetensors")
        status, _, err = run("exemplars", "--weights", tmp_path / "bare.safetensors", "--out", tmp_path / "sheet.png")
        assert status == 1
        assert "give the file of their codes with --exemplars" in " ".join(err.split())
