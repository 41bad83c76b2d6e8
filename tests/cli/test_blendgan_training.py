"""`pastiche train style-encoder`, `blendgan` and `blendgan-style`: from folders to a model that stylizes."""

import pytest
import torch

import pastiche
from pastiche import images

COMMON = ("--aligned", "--device", "cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Four faces, and two of these people in each of two styles."""
    place, rng = tmp_path_factory.mktemp("pictures"), torch.Generator().manual_seed(0)
    for name in ("faces/0", "faces/1", "faces/2", "faces/3", "styles/oil/0", "styles/oil/1", "styles/ink/2", "styles/ink/3"):
        images.write(torch.rand(1, 3, 32, 32, generator=rng) * 2 - 1, place / f"{name}.png")
    return place


@pytest.fixture(scope="module")
def styles(folders):
    return folders / "styles.safetensors"


@pytest.fixture(scope="module")
def blend(folders):
    return folders / "blend.safetensors"


def small(images_, *settings):
    return [f"--set={setting}" for setting in (f"images={images_}", "batch=4", "precision=float32", *settings)]


def test_a_style_encoder(run, folders, styles):
    command = ["train", "style-encoder", folders / "styles", "--out", styles, *COMMON, *small(4, "code_dim=8")]
    status, shown, error = run(*command, "--dry-run")
    assert status == 0, error
    assert "4 pictures of 256 pixels, 0 left out" in shown
    assert not styles.exists()
    status, _, error = run(*command)
    assert status == 0, error
    made = pastiche.load(styles)
    assert (made.architecture, made.style_encoder.code_dim) == ("blendgan", 8)
    assert pastiche.inspect(styles).dtype == "float16"


def test_a_generator_on_pairs_and_against_discriminators(run, run_json, folders, styles, blend, weights, picture, tmp_path):
    command = ["train", "blendgan", folders / "faces", "--styles", folders / "styles", "--out", blend, "--generator", weights]
    command += [*COMMON, "--style-encoder", styles, "--paired", *small(4, "code_layers=2")]
    status, shown, error = run(*command, "--dry-run")
    assert status == 0, error
    assert "4 pairs of a face and a picture" in shown
    status, _, error = run(*command)
    assert status == 0, error
    made, start = pastiche.load(blend), pastiche.load(weights)
    assert list(made.modules) == ["generator", "discriminator", "encoder", "style_encoder"]
    assert made.options["training"]["weight_pairs"] == 10
    assert not torch.equal(made.generator.conv1.conv.weight, start.generator.conv1.conv.weight)
    target = tmp_path / "out.png"
    run_json(
        *("stylize", picture, "--aligned", "--weights", blend, "--reference", folders / "styles/oil/0.png"),
        *("--out", target, "--indicator", 0),
    )
    assert images.read(target).shape[-1] == 32


def test_a_style_of_one_picture(run, folders, blend, tmp_path):
    out = tmp_path / "odd.safetensors"
    command = ["train", "blendgan-style", folders / "styles/ink/2.png", "--generator", blend, "--out", out, *COMMON]
    status, _, error = run(*command, "--set=images=2", "--without-discriminators")
    assert status == 0, error
    made, before = pastiche.load(out), pastiche.load(blend)
    assert list(made.modules) == ["generator", "encoder", "style_encoder"]
    assert not torch.equal(made.generator.conv1.conv.weight, before.generator.conv1.conv.weight)


def test_an_encoder_for_it_leaves_it_a_blendgan(run, run_json, folders, blend, picture, tmp_path):
    out = tmp_path / "read.safetensors"
    command = ["train", "encoder", folders / "faces", "--generator", blend, "--method", "psp", "--out", out, *COMMON]
    status, _, error = run(*command, *small(4, "width=16", "side=32", "sample_images=none"))
    assert status == 0, error
    made, before = pastiche.load(out), pastiche.load(blend)
    assert (made.architecture, list(made.modules)) == ("blendgan", list(before.modules))
    assert set(made.options) == {"training", "encoder_training"}
    assert type(made.encoder) is not type(before.encoder) or made.encoder.config != before.encoder.config
    facts = run_json(
        *("stylize", picture, "--aligned", "--weights", out, "--reference", folders / "styles/oil/0.png"),
        *("--likeness", 0, "--out", tmp_path / "out.png"),
    )
    assert facts["method"] == "blendgan"


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("style-encoder", ["--set=batch=1"], "pictures of a batch are each other's negatives"),
        ("style-encoder", ["--preset=paper", "--set=batch=2"], "download it to torch's cache, or add --set backbone=compact"),
        ("blendgan", [], "holds no style encoder: make one with `pastiche train style-encoder`"),
        ("blendgan-style", [], "no style encoder"),
    ],
)
def test_what_is_missing(run, folders, weights, tmp_path, command, options, message):
    place = folders / ("styles/ink/2.png" if command == "blendgan-style" else "styles")
    arguments = ["train", command, place, "--out", tmp_path / "x.safetensors", *COMMON, *options]
    if command != "style-encoder":
        arguments += ["--generator", weights]
    if command == "blendgan":
        arguments += ["--styles", folders / "styles"]
    status, _, error = run(*arguments)
    assert status == 1
    assert message in " ".join(error.split())


def test_a_batch_that_has_no_groups(run, folders, styles, weights, tmp_path):
    arguments = ["--styles", folders / "styles", "--generator", weights, "--style-encoder", styles, "--set=batch=6", *COMMON]
    status, _, error = run("train", "blendgan", folders / "faces", "--out", tmp_path / "x.safetensors", *arguments)
    assert status == 1
    assert "can't be split into groups of 4: choose a batch that is a multiple of 4" in " ".join(error.split())


def test_pairs_that_are_not_named_alike(run, folders, styles, weights, tmp_path):
    images.write(torch.zeros(1, 3, 32, 32), tmp_path / "faces" / "somebody.png")
    arguments = ["--styles", folders / "styles", "--generator", weights, "--style-encoder", styles, "--paired", *COMMON]
    status, _, error = run("train", "blendgan", tmp_path / "faces", "--out", tmp_path / "x.safetensors", *arguments)
    assert status == 1
    assert "name paired pictures alike" in " ".join(error.split())
