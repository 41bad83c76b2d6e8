"""`pastiche convert`: what it asks for, and what it writes."""

from pathlib import Path

import pytest
import torch
from loading import module_at

import pastiche
from pastiche.checkpoints import Checkpoint

published = module_at(Path(__file__).parents[1] / "checkpoints" / "published.py")

PSP = {"encoder_type": "GradualStyleEncoder", "output_size": 16, "start_from_latent_avg": True}


@pytest.fixture
def encoder_file(tmp_path):
    """A raw pSp or e4e encoder; with options it tells its architecture, and never its space."""

    def write(**options):
        path = tmp_path / "encoder.pt"
        torch.save(published.psp(published.encoder(6, w_dim=8, stem=4, widths=(4, 8, 8, 16)), **options), path)
        return path

    return write


def test_the_target_is_an_option(run, weights, tmp_path):
    target = tmp_path / "folder" / "own.safetensors"
    assert run("convert", weights, "--out", target)[0] == 0
    assert pastiche.load(target).architecture == "stylegan2"
    assert run("convert", weights, tmp_path / "second.safetensors")[0] == 2  # no second argument


@pytest.mark.parametrize("options", [PSP, {}])
def test_a_raw_psp_file_needs_a_space(run, encoder_file, tmp_path, options):
    path = encoder_file(**options)
    told = [] if options else ["--architecture", "psp"]
    status, _, err = run("convert", path, *told)
    assert status == 1
    assert "give --space z+ or --space w+" in err
    assert list(tmp_path.iterdir()) == [path]
    assert run("convert", path, *told, "--space", "z+")[0] == 0
    assert pastiche.load(path.with_suffix(".safetensors")).encoder.config.space == "z+"


def test_how_pictures_are_resized_can_be_told(run, encoder_file):
    path = encoder_file(**PSP)
    assert run("convert", path, "--space", "w+")[0] == 0
    assert pastiche.load(path.with_suffix(".safetensors")).encoder.config.resize == "bilinear"
    assert run("convert", path, "--space", "w+", "--resize", "area")[0] == 0
    assert pastiche.load(path.with_suffix(".safetensors")).encoder.config.resize == "area"


def test_an_e4e_needs_no_space(run, encoder_file):
    path = encoder_file(encoder_type="Encoder4Editing", stylegan_size=16)
    assert run("convert", path)[0] == 0


@pytest.mark.parametrize("name", ["OWN.SAFETENSORS", "own.SafeTensors"])
def test_names_in_capitals(run, weights, tmp_path, name):
    target = tmp_path / name
    assert run("convert", weights, "--out", target)[0] == 0
    assert run("inspect", target)[0] == 0
    assert run("generate", "--weights", target, "--out", tmp_path / "FACE.PNG")[0] == 0


def test_a_latent_in_capitals_is_a_keyframe(run_json, weights, picture, tmp_path):
    code = tmp_path / "CODE.SAFETENSORS"
    run_json("invert", picture, "--aligned", "--weights", weights, "--out", code)
    film = run_json("interpolate", code, "seed:1", "--frames", 2, "--weights", weights, "--out", tmp_path / "film.webp")
    assert film["keyframes"] == 2


def test_a_file_that_fits_two_architectures(run, encoder_file):
    path = encoder_file()
    _, _, err = run("generate", "--weights", path, "--out", path.with_name("a.png"))
    command = f"pastiche convert {path} --architecture"
    assert f"BlendGAN's psp_encoder.pt, run `{command} psp --space w+`" in err
    assert f"DualStyleGAN's encoder.pt `{command} psp --space z+`" in err
    assert f"e4e `{command} e4e`" in err
    assert "architecture=" not in err


@pytest.mark.parametrize(
    ("options", "space"), [(["psp", "--space", "w+"], "w+"), (["psp", "--space", "z+"], "z+"), (["e4e"], "w+")]
)
def test_what_the_message_says_is_enough(run, encoder_file, options, space):
    path = encoder_file()
    assert run("convert", path, "--architecture", *options)[0] == 0
    assert pastiche.load(path.with_suffix(".safetensors")).encoder.config.space == space


def test_a_picture_without_a_face(run, weights, picture, tmp_path):
    _, _, err = run("invert", picture, "--weights", weights, "--out", tmp_path / "a.safetensors")
    assert "add --aligned" in err
    assert [word for word in ("aligned=True", "detect(", "crop_by_hand") if word in err] == []


@pytest.mark.parametrize("command", ["demo", "interpolate", "invert", "one-shot", "stylize"])
def test_every_command_that_looks_for_a_face_can_be_told_that_it_is_one(run, command):
    assert "--aligned" in run(command, "--help")[1]


def test_options_that_a_file_has_no_use_for(run, weights, tmp_path):
    for option in ("--space", "z+"), ("--resize", "area"):
        _, _, err = run("convert", weights, "--out", tmp_path / "a.safetensors", *option)
        assert f"leave {option[0]} out" in err
        assert "`" not in err


@pytest.mark.parametrize(("dtype", "stored"), [("float16", "float16"), ("int8", "float16, int8")])
def test_the_type_of_the_weights(run, small_generator, tmp_path, dtype, stored):
    whole, small = tmp_path / "whole.safetensors", tmp_path / "small.safetensors"
    pastiche.save(Checkpoint(architecture="stylegan2", generator=small_generator(8, most=24)), whole)
    assert run("convert", whole, "--dtype", dtype, "--out", small)[0] == 0
    assert pastiche.inspect(small).dtype == stored


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_difference_and_back(run, weights, tmp_path, dtype):
    """Only what differs from another checkpoint is stored, and that one is needed to make it whole again."""
    base = tmp_path / "base.safetensors"
    base.write_bytes(weights.read_bytes())
    checkpoint = pastiche.load(base)
    checkpoint.generator.conv1.activate.bias.add_(0.5)
    pastiche.save(checkpoint, tmp_path / "tuned.safetensors")
    small, whole = tmp_path / "small.safetensors", tmp_path / "whole.safetensors"
    status, _, err = run("convert", tmp_path / "tuned.safetensors", "--difference-from", base, "--dtype", dtype, "--out", small)
    assert status == 0, err
    assert small.stat().st_size < base.stat().st_size / 10
    assert run("convert", small, "--out", whole)[0] == 0
    (moved := tmp_path / "elsewhere").mkdir()
    base.rename(moved / "base.safetensors")
    again = tmp_path / "again.safetensors"
    status, _, err = run("convert", small, "--out", again)
    assert status == 1
    assert "give it as --base to pastiche convert" in " ".join(err.split())
    assert run("convert", small, "--base", moved / "base.safetensors", "--out", again)[0] == 0
    bias = checkpoint.generator.conv1.activate.bias
    for path in (whole, again):
        torch.testing.assert_close(pastiche.load(path).generator.conv1.activate.bias, bias, atol=1e-3, rtol=0)


def test_a_base_in_another_folder_would_not_be_found(run, weights, tmp_path):
    status, _, err = run("convert", weights, "--difference-from", weights, "--out", tmp_path / "small.safetensors")
    assert status == 1
    assert "looked for in the folder of small.safetensors" in " ".join(err.split())
