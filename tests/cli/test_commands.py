"""What the command line writes, prints and answers."""

import sys
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche import images
from pastiche.bundle import demo_photo
from pastiche.latents import Latent

COMMANDS = (
    "stylize",
    "one-shot",
    "invert",
    "generate",
    "inspect",
    "convert",
    "bench",
    "demo",
    "train",
    "weights",
    "interpolate",
    "swap-layers",
)


def test_help_names_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    assert [command for command in COMMANDS if command not in out] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_an_example(run, command):
    arguments = ("train", "demo") if command == "train" else (command,)
    status, out, _ = run(*arguments, "--help")
    assert status == 0
    assert f"pastiche {' '.join(arguments)}" in out.split("Usage:")[1].split("\n", 1)[1]


def test_version(run):
    assert run("--version")[1].split() == ["pastiche", pastiche.__version__]


def test_generate_repeats_by_seed(run_json, weights, tmp_path):
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        run_json("generate", "--weights", weights, "--seed", seed, "--out", path)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again
    assert first != other


def test_generate_writes_a_sheet_or_separate_files(run_json, weights, tmp_path):
    sheet = run_json("generate", "-n", 5, "--weights", weights, "--out", tmp_path / "sheet.png")
    assert sheet["written"] == [str(tmp_path / "sheet.png")]
    apart = run_json("generate", "-n", 3, "--separate", "--weights", weights, "--out", tmp_path / "face.png")
    assert [images.read(path).shape[-1] for path in apart["written"]] == [32, 32, 32]


def test_a_style_is_learned_kept_and_used(run_json, weights, picture, tmp_path):
    style, samples = tmp_path / "style.safetensors", tmp_path / "samples.png"
    learned = run_json(
        *("one-shot", picture, "--weights", weights, "--steps", 3, "--aligned", "--out", style, "--samples", samples),
        *("--run", tmp_path / "run"),
    )
    assert "style/features" in (tmp_path / "run" / "log.jsonl").read_text()
    assert learned["bytes"] == style.stat().st_size
    assert samples.exists()
    both = [tmp_path / "from-file.png", tmp_path / "at-once.png"]
    common = ("--weights", weights, "--aligned")
    run_json("stylize", picture, "--style", style, "--out", both[0], *common)
    run_json("stylize", picture, "--reference", picture, "--steps", 3, "--out", both[1], *common)
    assert both[0].read_bytes() == both[1].read_bytes()
    told = run_json("inspect", style)
    assert told["options"]["method"] == "jojogan"
    assert told["options"]["settings"]["steps"] == 3


def test_strength_0_is_the_inverted_face(run_json, weights, picture, tmp_path):
    plain, code = tmp_path / "plain.png", tmp_path / "code.safetensors"
    common = ("--weights", weights, "--aligned")
    run_json("stylize", picture, "--reference", picture, "--steps", 2, "--strength", 0, "--out", plain, *common)
    found = run_json("invert", picture, "--out", code, "--preview", tmp_path / "preview.png", *common)
    assert found["space"] == "w+"
    generator = pastiche.load(weights).generator
    again = tmp_path / "again.png"
    with pastiche.precision("auto"):
        images.write(generator(Latent.load(code)).clamp(-1, 1), again)
    assert plain.read_bytes() == again.read_bytes()


def test_inspect_shows_square_brackets_of_a_file(run, weights, tmp_path):
    place = tmp_path / "licensed.safetensors"
    pastiche.save(replace(pastiche.load(weights), license="[bold]mine[/red]"), place)
    status, shown, error = run("inspect", place)
    assert status == 0, error
    assert "[bold]mine[/red]" in shown


@pytest.mark.parametrize("method", ["optimize", "hybrid"])
def test_a_search_inverts_too(run_json, weights, picture, tmp_path, monkeypatch, method):
    short = pastiche.inversion.Optimization(steps=3, noise=False, samples=64)
    module = sys.modules["pastiche.inversion.invert"]  # the function of that name hides it
    monkeypatch.setattr(module, "SEARCH", short)
    monkeypatch.setattr(module, "REFINEMENT", short)
    facts = run_json(
        "invert", picture, "--inversion", method, "--aligned", "--weights", weights, "--out", tmp_path / "c.safetensors"
    )
    assert facts["inversion"] == method
    assert Latent.load(tmp_path / "c.safetensors").codes.isfinite().all()


def test_noise_maps_are_kept_with_the_latent(run_json, weights, picture, tmp_path, monkeypatch):
    short = pastiche.inversion.Optimization(steps=3, noise=False, samples=64)
    monkeypatch.setattr(sys.modules["pastiche.inversion.invert"], "SEARCH", short)
    out = tmp_path / "code.safetensors"
    common = ("invert", picture, "--inversion", "optimize", "--aligned", "--weights", weights, "--out", out)
    without = run_json(*common)["mean_square_error"]
    assert not Latent.load(out).noise
    found = run_json(*common, "--noise")["mean_square_error"]
    assert [level.shape[-1] for level in Latent.load(out).noise] == [4, 8, 8, 16, 16, 32, 32]
    assert found != without, "drawn without the maps"


def test_faces_are_put_back_into_the_photo(run_json, weights, picture, tmp_path):
    photo = pastiche.resources.demo_file("astronaut.png")
    out = tmp_path / "back.png"
    facts = run_json(
        "stylize", photo, "--reference", picture, "--steps", 1, "--keep-background", "--weights", weights, "--out", out
    )
    assert facts["faces"] == 1
    before, after = images.read(photo), images.read(out)
    assert after.shape == before.shape
    changed = (after - before).abs().amax(dim=(0, 1)) > 0.02
    assert changed.any()
    assert not changed[-100:].any()  # the hem of the picture is not the face


def test_the_region_that_is_put_back_is_chosen(run_json, weights, picture, tmp_path, monkeypatch):
    from pastiche.cli import faces as module

    told = {}

    def paste(faces, crops, onto, **options):
        told.update(options)
        return onto

    monkeypatch.setattr(module, "paste_all", paste)
    out = tmp_path / "back.png"
    common = ("--reference", picture, "--steps", 1, "--weights", weights, "--out", out, "--keep-background")
    run_json("stylize", pastiche.resources.demo_file("astronaut.png"), *common, "--region", "head", "--match-color")
    assert told == {"region": "head", "match_color": True}


def test_convert_keeps_the_picture(run_json, weights, tmp_path):
    half = tmp_path / "half.safetensors"
    facts = run_json("convert", weights, "--out", half, "--dtype", "float16")
    assert facts["bytes"] < 0.7 * weights.stat().st_size
    before, after = (pastiche.load(path).generator for path in (weights, half))
    w = before.mapping(before.sample_z(2, torch.Generator().manual_seed(0)))
    assert torch.allclose(before(Latent(w, "w")), after(Latent(w, "w")), atol=0.05)


def test_inspect_tells_what_a_file_is(run, run_json, weights):
    facts = run_json("inspect", weights)
    assert facts["architecture"] == "stylegan2"
    assert run("inspect", weights)[1]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("stylize", "PICTURE"), 2, "or --style, a saved style"),
        (("stylize", "missing.png", "--reference", "PICTURE"), 1, "missing.png"),
        (("stylize", "PICTURE", "--reference", "PICTURE", "--landmarks", "dlib"), 2, "'auto', 'face-alignment', 'small'"),
        (("invert", "PHOTO", "--landmarks", "face-alignment"), 1, "pastiche weights get face-alignment"),
        (("one-shot", "PHOTO", "--landmarks", "face-alignment"), 1, "pastiche weights get face-alignment"),
        (("interpolate", "PHOTO", "seed:1", "--landmarks", "face-alignment"), 1, "pastiche weights get face-alignment"),
        (("stylize", "PICTURE", "--reference", "PICTURE", "--preset", "nonsense"), 1, "nonsense"),
        (("stylize", "PICTURE", "--reference", "PICTURE"), 1, "no face was found"),
        (("stylize", "PICTURE", "--style", "PICTURE"), 1, "can't be read as a style"),
        (("one-shot", "PICTURE", "--out", "style.png"), 1, ".safetensors"),
        (("invert", "PICTURE", "--aligned", "--device", "abacus"), 1, "abacus"),
        (("inspect", "PICTURE"), 1, "picture.png"),
        (("generate", "--style", "missing.safetensors"), 1, "missing.safetensors"),
    ],
)
def test_what_can_be_mended_is_one_message(run, weights, picture, arguments, status, said):
    named = {"PICTURE": str(picture), "PHOTO": str(demo_photo())}
    arguments = [named.get(argument, argument) for argument in arguments]
    extra = () if arguments[0] == "inspect" else ("--weights", weights)
    ended, _, err = run(*arguments, *extra)
    assert ended == status
    assert said in " ".join(err.replace("\u2502", " ").split())
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("stylize", "PICTURE", "--reference", "PICTURE"), "--out"),
        (("stylize", "PICTURE", "--reference", "PICTURE"), "--save-style"),
        (("one-shot", "PICTURE"), "--out"),
        (("one-shot", "PICTURE"), "--samples"),
        (("invert", "PICTURE"), "--out"),
        (("invert", "PICTURE"), "--tune"),
        (("invert", "PICTURE"), "--preview"),
        (("invert", "PICTURE"), "--compare"),
        (("edit", "PICTURE", "--smile", "1"), "--out"),
    ],
)
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file.{}", "ends in '.txt'"),
        ("folder.{}", "is a folder"),
        ("picture.png/new.{}", "the folder picture.png does not accept new files"),
    ],
)
def test_a_place_that_can_not_be_written_is_told_before_the_work(
    run, weights, picture, tmp_path, monkeypatch, command, option, place, said
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pastiche.cli.options.load", None)  # not even the models are loaded
    pictures = option in ("--samples", "--preview", "--compare") or (command[0] in ("stylize", "edit") and option == "--out")
    place = place.format("txt" if "txt" in said else "png" if pictures else "safetensors")
    if place.startswith("folder"):
        (tmp_path / place).mkdir()
    command = [str(picture) if word == "PICTURE" else word for word in command]
    status, _, err = run(*command, "--aligned", "--weights", weights, option, place)
    assert status == 1
    assert said in " ".join(err.split())


def test_folders_are_made_as_needed(run_json, weights, picture, tmp_path):
    place = tmp_path / "a" / "b"
    common = ("--aligned", "--weights", weights)
    style = place / "1" / "style.safetensors"
    run_json("one-shot", picture, "--steps", 1, "--out", style, "--samples", place / "2" / "samples.png", *common)
    stylized = place / "3" / "out.png"
    run_json("stylize", picture, "--style", style, "--save-style", place / "4" / "s.safetensors", "--out", stylized, *common)
    tuned = ("--tune", place / "6" / "tuned.safetensors", "--steps", 1)
    run_json("invert", picture, "--out", place / "5" / "code.safetensors", *tuned, *common)
    assert len(list(place.glob("*/*"))) == 6


def test_the_picture_is_written_before_the_style(run, weights, picture, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise pastiche.errors.StyleError("the disk is full")

    monkeypatch.setattr("pastiche.jojogan.JoJoStyle.save", full)
    common = ("--aligned", "--weights", weights, "--steps", 1, "--out", tmp_path / "out.png")
    assert run("stylize", picture, "--reference", picture, *common, "--save-style", tmp_path / "s.safetensors")[0] == 1
    assert (tmp_path / "out.png").exists()


def test_interrupting_leaves_nothing_half_written(run, weights, picture, tmp_path, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pastiche.cli.learning.learn", interrupted)
    out = tmp_path / "style.safetensors"
    status, _, err = run("one-shot", picture, "--aligned", "--weights", weights, "--out", out)
    assert status == 130
    assert "interrupted" in err
    assert not list(tmp_path.glob("*.safetensors*"))
