"""`pastiche edit`, `pastiche directions` and `pastiche invert --compare`, at 32 pixels."""

import pytest
import torch

import pastiche
from pastiche import images
from pastiche.cli import edit as command
from pastiche.editing import find_regions, transfer_region
from pastiche.faces.parsing import bundled_parser
from pastiche.latents import Latent


@pytest.fixture
def found(run_json, weights, tmp_path):
    path = tmp_path / "directions.safetensors"
    assert run_json("directions", "find", "--count", 3, "--rows", "0-5", "--weights", weights, "--out", path)["directions"] == [
        "sefa_0",
        "sefa_1",
        "sefa_2",
    ]
    return path


def test_a_photo_is_edited_by_the_names_of_directions(run_json, weights, picture, tmp_path, found):
    out, code = tmp_path / "edited.png", tmp_path / "edited.safetensors"
    common = ("--aligned", "--weights", weights, "--directions", found, "--precision", "float32")
    facts = run_json(
        "edit", picture, "--sefa-0", 1.5, "--sefa_2=-2", "--channel", "4:3=1", "--out", out, "--save-latent", code, *common
    )
    assert facts["amounts"] == {"sefa_0": 1.5, "sefa_2": -2, "4_3": 1}
    models, known = pastiche.load(weights), pastiche.load_directions(found)
    face = pastiche.align(picture, 32, aligned=True)[0].crop
    start = pastiche.invert(face, models.generator, models.encoder)
    (channel,) = pastiche.editing.channels(models.stylegan2, ["4:3"]).values()
    wanted = pastiche.edit(start, models.generator, [(known["sefa_0"], 1.5), (known["sefa_2"], -2), (channel, 1)])
    assert torch.allclose(Latent.load(code).codes, wanted.codes, atol=1e-4)
    assert torch.allclose(images.read(out), models.generator(wanted).clamp(-1, 1), atol=0.02)

    run_json("edit", picture, "--sefa_1", 0, "--sefa_0", 1, "--strip", 2, "--out", tmp_path / "strip.png", *common)
    assert images.read(tmp_path / "strip.png").shape[-1] > 7 * 256
    facts = run_json("edit", picture, "--from", f"eyes={picture}", "--out", tmp_path / "eyes.png", *common)
    assert (facts["amounts"], facts["from"]) == ({}, {"eyes": str(picture)})
    plain = models.generator(start).clamp(-1, 1)
    assert torch.allclose(images.read(tmp_path / "eyes.png"), plain, atol=0.02), "a face with its own eyes has changed"


def test_regions_of_several_donors(run, run_json, weights, picture, tmp_path, monkeypatch):
    """Each region comes from its own photo, and a photo that gives two regions is inverted once."""
    others = [tmp_path / name for name in ("a.png", "b=c.png")]
    for seed, path in enumerate(others, start=1):
        images.write(torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(seed)) * 2 - 1, path)
    inverted, own = [], command.latent_of
    monkeypatch.setattr(command, "latent_of", lambda face, *rest: inverted.append(face) or own(face, *rest))
    out, code = tmp_path / "edited.png", tmp_path / "edited.safetensors"
    common = ("--aligned", "--weights", weights, "--precision", "float32", "--out", out, "--save-latent", code)
    donors = {"eyes": others[0], "mouth": others[1], "hair": others[0]}
    options = [word for region, path in donors.items() for word in ("--from", f"{region}={path}")]
    facts = run_json("edit", picture, *options, *common)
    assert facts["from"] == {region: str(path) for region, path in donors.items()}
    assert len(inverted) == 3

    models = pastiche.load(weights)
    masks = find_regions(models.stylegan2, bundled_parser())

    def latent_of(path):
        return pastiche.invert(pastiche.align(path, 32, aligned=True)[0].crop, models.generator, models.encoder)

    wanted = models.generator.to_w_plus(latent_of(picture))
    for region, path in donors.items():
        wanted = transfer_region(wanted, latent_of(path), models.stylegan2, masks, [region])
    found = Latent.load(code)
    assert torch.allclose(found.offset, wanted.offset, atol=1e-4)
    assert torch.allclose(images.read(out), models.generator(wanted).clamp(-1, 1), atol=0.02)
    status, said, _ = run("edit", picture, *options, *common)
    assert status == 0
    assert f"eyes of {others[0]}, mouth of {others[1]}, hair of {others[0]}" in " ".join(said.split())


def test_an_edited_person_keeps_the_likeness(run_json, weights, picture, tmp_path, found):
    """The generator that was tuned to the face draws its edited code, plain or in a style."""
    person, style, out = tmp_path / "me.safetensors", tmp_path / "style.safetensors", tmp_path / "edited.png"
    common = ("--aligned", "--weights", weights, "--precision", "float32")
    run_json("invert", picture, "--tune", person, "--steps", 8, "--out", tmp_path / "code.safetensors", *common)
    models, known = pastiche.load(weights), pastiche.load_directions(found)
    tuned = pastiche.Tuned.load(person, models.generator)
    moved = pastiche.edit(Latent.load(tmp_path / "code.safetensors"), models.generator, [(known["sefa_0"], 1.5)])
    edits = ("edit", picture, "--sefa-0", 1.5, "--directions", found, "--out", out, *common)

    facts = run_json(*edits, "--person", person, "--likeness", 1)
    assert facts["likeness"] == 1
    wanted, base = tuned.generator(moved).clamp(-1, 1), models.generator(moved).clamp(-1, 1)
    assert torch.allclose(images.read(out), wanted, atol=0.02)
    assert (wanted - base).abs().max() > 0.1, "the tuning changes nothing, so that this test shows nothing"
    run_json(*edits, "--person", person, "--likeness", 0)
    assert torch.allclose(images.read(out), base, atol=0.02)

    run_json("one-shot", picture, "--steps", 1, "--out", style, *common)
    run_json(*edits, "--person", person, "--likeness", 0.5, "--style", style)
    drawn = pastiche.load_style(style, models.stylegan2).on(tuned, 0.5)(moved).clamp(-1, 1)
    assert torch.allclose(images.read(out), drawn, atol=0.02)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ((), 2, "nothing to change"),
        (("--beard", "1"), 1, "no direction 'beard': choose from sefa_0"),
        (("--sefa_0", "much"), 2, "No such option"),
        (("--from", "PICTURE"), 2, "give a region (eyes, mouth, face, hair, background, clothes) and a photo"),
        (("--from", "nose=you.jpg"), 2, "give a region (eyes, mouth, face, hair, background, clothes) and a photo"),
        (("--from", "eyes=a.jpg", "--from", "eyes=b.jpg"), 2, "--from gives eyes twice"),
        (("--from", "eyes=a.jpg", "--region", "mouth"), 2, "--region keeps directions to a part of the face"),
        (("--sefa_0", "1", "--strength", "0.5"), 2, "--strength needs a style"),
        (("--channel", "4:3"), 2, "such as 6:21=2"),
        (("--sefa_0", "1", "--rows", "one"), 1, "give rows such as 0-6"),
    ],
)
def test_edits_that_make_no_sense(run, weights, picture, found, options, status, said):
    options = [str(picture) if word == "PICTURE" else word for word in options]
    got, _, err = run("edit", picture, *options, "--aligned", "--weights", weights, "--directions", found)
    assert got == status, err
    assert said in " ".join(err.replace("│", " ").split())


def test_only_the_bundled_models_bring_directions(run, weights, picture):
    status, _, err = run("edit", picture, "--smile", 1, "--aligned", "--weights", weights)
    assert status == 1
    assert "only the bundled models come with directions" in " ".join(err.split())


def test_directions_are_learned_listed_and_imported(run, run_json, weights, tmp_path):
    generator = pastiche.load(weights).generator
    w = generator.mapping(generator.sample_z(200, torch.Generator().manual_seed(0)))
    Latent(w, "w").save(tmp_path / "faces.safetensors")
    score = (w - w.mean(dim=0)) @ torch.linalg.eigh(torch.cov(w.T)).eigenvectors[:, -1]
    rows = "\n".join(f"{value},{'yes' if value > 0 else 'no'}" for value in score.tolist())
    (tmp_path / "labels.csv").write_text(f"smile,happy\n{rows}\n")
    learned = tmp_path / "learned.safetensors"
    files = (tmp_path / "faces.safetensors", tmp_path / "labels.csv")
    run_json("directions", "learn", *files, "--hold", "", "--weights", weights, "--out", learned)
    listed = run_json("directions", "list", learned)["directions"]
    assert [(one["name"], one["space"]) for one in listed] == [("smile", "w"), ("happy", "w")]
    assert run_json("inspect", learned)["format"] == "directions"
    torch.save(torch.ones(1, generator.latent_dim), tmp_path / "age.pt")
    imported = tmp_path / "age.safetensors"
    assert run_json("directions", "import", tmp_path / "age.pt", "--weights", weights, "--out", imported)["directions"] == [
        "age"
    ]
    status, _, err = run("directions", "demo", "--weights", weights, "--out", tmp_path / "demo.safetensors")
    assert status == 1
    assert "the painter" in err
    (tmp_path / "labels.csv").write_text("smile\nvery\n")
    status, _, err = run("directions", "learn", *files, "--weights", weights, "--out", learned)
    assert status == 1
    assert "can't be read as labels" in " ".join(err.split())


def test_every_inversion_on_one_sheet(run_json, weights, picture, tmp_path, monkeypatch):
    from pastiche.cli import person

    monkeypatch.setattr(person, "PivotalTuning", lambda: pastiche.PivotalTuning(steps=12, lr=3e-3))
    sheet = tmp_path / "methods.png"
    options = ("--compare", sheet, "--search-steps", 4, "--aligned", "--weights", weights)
    facts = run_json("invert", picture, picture, *options)["methods"]
    assert set(facts) == {"encoder", "w", "w+", "z+", "hybrid", "pivotal"}
    assert facts["pivotal"]["perceptual"] < facts["hybrid"]["perceptual"] < facts["encoder"]["perceptual"]
    assert all(row["seconds"] > 0 and row["identity"] is not None for row in facts.values())
    assert images.read(sheet).shape[-1] > 7 * 256


def test_several_photos_in_one_file(run_json, weights, picture, tmp_path):
    code = tmp_path / "codes.safetensors"
    facts = run_json("invert", picture, picture, "--aligned", "--weights", weights, "--out", code)
    assert facts["shape"][0] == 2
    assert torch.equal(*Latent.load(code).codes.unbind())


def test_directions_are_measured_by_a_judge(run, run_json, weights, found, tmp_path, monkeypatch):
    from dataclasses import replace

    from pastiche.metrics.classifier import PortraitClassifier

    measure = ("directions", "measure", tmp_path / "named.safetensors", "--faces", 2, "--weights", weights)
    first, second, _ = pastiche.load_directions(found).values()
    pastiche.Directions([replace(first, name="smile"), replace(second, name="age")]).save(tmp_path / "named.safetensors")
    monkeypatch.setattr("pastiche.cli.options.bundled_classifier", lambda: None)
    status, _, err = run(*measure)
    assert status == 1
    assert "give one with --classifier" in " ".join(err.split())
    torch.manual_seed(0)
    classifier = PortraitClassifier().eval().requires_grad_(False)
    classifier.save(tmp_path / "classifier.safetensors")
    rows = run_json(*measure, "--classifier", tmp_path / "classifier.safetensors")["directions"]
    assert set(rows) == {"smile", "age"}
    assert rows["smile"]["others"] == pytest.approx(abs(rows["smile"]["changes"]["age"]))
