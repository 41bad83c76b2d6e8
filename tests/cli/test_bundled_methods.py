"""The methods on the bundle's models, without --weights; on a tiny bundle of random weights."""

from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import save
from pastiche.cli import person as keeping
from pastiche.cli.options import load_models
from pastiche.inversion import PivotalTuning
from pastiche.jojogan import PRESETS, OneShot
from pastiche.latents import Latent
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


@pytest.fixture
def found(run_json, tmp_path):
    """Directions of the base that all methods were fine-tuned from."""
    path = tmp_path / "directions.safetensors"
    run_json("directions", "find", "--count", 2, "--out", path)
    return path


@pytest.fixture
def edit(run_json, picture, tmp_path):
    """Edit the picture without a likeness; gives the facts, the result and its latent."""

    def call(*options):
        target, code = tmp_path / "edited.png", tmp_path / "edited.safetensors"
        common = ("--aligned", "--likeness", 0, "--precision", "float32", "--out", target, "--save-latent", code)
        facts = run_json("edit", picture, *options, *common)
        return facts, pastiche.read(target), Latent.load(code)

    return call


EDITED = [
    ("blendgan", ["--style-seed", 3, "--indicator", 2], lambda model: pastiche.blend_style(model, seed=3, indicator=2)),
    ("dualstylegan", ["--exemplar", "bob"], lambda model: pastiche.dual_style(model, "bob")),
    (
        "agilegan",
        ["--attribute", "male"],
        lambda model: pastiche.attribute_style(model, "male", source=model.base),
    ),
]


@pytest.mark.parametrize(("method", "making", "style_of"), EDITED, ids=[method for method, _, _ in EDITED])
def test_an_edited_face_in_the_style_of_a_method(edit, stylize, picture, tmp_path, found, method, making, style_of):
    """Along directions of the base, and then drawn by the method; also with a saved style, and by the name of the model."""
    model, known = pastiche.load(f"demo:{method}"), pastiche.load_directions(found)
    start = pastiche.invert(pastiche.align(picture, 32, aligned=True)[0].crop, model.generator, model.encoder)
    code = (model.base if method == "agilegan" else model.generator).to_w_plus(start)
    moved = pastiche.edit(code, model.base, [(known["sefa_0"], 1.5), (known["sefa_1"], -1)])
    options = ("--sefa-0", 1.5, "--sefa-1", -1, "--directions", found)

    facts, drawn, latent = edit(*options, "--method", method, *making, "--strength", 0.7)
    assert (facts["method"], facts["amounts"]) == (method, {"sefa_0": 1.5, "sefa_1": -1})
    assert torch.allclose(latent.codes, moved.codes, atol=1e-4)
    assert torch.allclose(drawn, style_of(model)(moved, strength=0.7).clamp(-1, 1), atol=0.02)

    _, whole, _ = edit(*options, "--weights", f"demo:{method}", *making)
    assert torch.allclose(whole, style_of(model)(moved).clamp(-1, 1), atol=0.02)
    kept = tmp_path / "kept.safetensors"
    stylize("--method", method, *making, "--save-style", kept)
    facts, again, _ = edit(*options, "--style", kept)
    assert facts["method"] == method
    assert again.equal(whole)


def test_an_edited_face_in_a_style_that_is_learned(edit, picture, found):
    facts, drawn, _ = edit("--sefa-0", 1.5, "--directions", found, "--reference", picture, "--steps", 1)
    assert facts["method"] == "jojogan"
    facts, plain, _ = edit("--sefa-0", 1.5, "--directions", found)
    assert facts["method"] is None
    assert not drawn.equal(plain)


@pytest.mark.parametrize(("method", "making", "style_of"), EDITED, ids=[method for method, _, _ in EDITED])
def test_edits_in_s_space_in_the_style_of_a_method(edit, picture, found, method, making, style_of):
    """Of a style channel, of a region along a direction, and of a region from another face."""
    edits = ("--channel", "4:3=3", "--sefa-0", 2, "--region", "face", "--directions", found, "--from", f"eyes={picture}")
    _, drawn, latent = edit(*edits, "--method", method, *making)
    style = style_of(pastiche.load(f"demo:{method}"))
    assert latent.offset.count_nonzero() > 1
    assert torch.allclose(drawn, style(latent).clamp(-1, 1), atol=0.02)
    assert not torch.allclose(drawn, style(replace(latent, offset=None)).clamp(-1, 1), atol=0.02)


def test_the_bundled_directions_are_for_the_models_of_every_method(edit, found, monkeypatch):
    known = pastiche.load_directions(found)
    monkeypatch.setattr("pastiche.cli.edit.load_directions", lambda _source: known)
    for weights in ("demo", "demo:blendgan", "demo:dualstylegan", "demo:agilegan-toon"):
        facts, drawn, _ = edit("--sefa-0", 1.5, "--weights", weights)
        assert facts["method"] == ("agilegan" if "agilegan" in weights else None)
        assert not drawn.equal(edit("--sefa-0", 0, "--weights", weights)[1])


def test_directions_of_a_method_s_own_generator(edit, run_json, tmp_path):
    own = tmp_path / "own.safetensors"
    run_json("directions", "find", "--count", 1, "--weights", "demo:dualstylegan", "--out", own)
    assert edit("--sefa-0", 1.5, "--method", "dualstylegan", "--exemplar", 1, "--directions", own)[0]["amounts"] == {
        "sefa_0": 1.5
    }


def test_an_edited_person_in_the_style_of_agilegan(run_json, picture, tmp_path, found, monkeypatch):
    """The source is tuned, and inverts the face, as when the face is not edited."""
    monkeypatch.setattr(keeping, "COARSE_TO_FINE", PivotalTuning(steps=3, lr=3e-3))
    one, other = tmp_path / "a.png", tmp_path / "b.png"
    common = (picture, "--aligned", "--method", "agilegan", "--precision", "float32")
    run_json("stylize", *common, "--out", one)
    assert run_json("edit", *common, "--sefa-0", 0, "--directions", found, "--out", other)["likeness"] == LIKENESS
    assert torch.allclose(pastiche.read(one), pastiche.read(other), atol=0.02)


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
