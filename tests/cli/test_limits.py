"""What commands refuse, and do with numbers and names that are unusual."""

import shutil

import pytest


def test_a_source_is_never_replaced(run, weights, tmp_path):
    source = tmp_path / "mine.safetensors"
    shutil.copy(weights, source)
    before = source.read_bytes()
    for target in ([], ["--out", source]):
        status, _, err = run("convert", source, *target, "--dtype", "float16")
        assert status == 1
        assert "would be overwritten" in err
    assert source.read_bytes() == before


def test_brackets_in_a_name_are_shown(run, weights, tmp_path):
    target = tmp_path / "a[b].safetensors"
    status, out, _ = run("convert", weights, "--out", target)
    assert status == 0
    assert str(target) in out


@pytest.mark.parametrize("wrong", [("--resolution", "7"), ("--resolution", "4096"), ("--batch", "0")])
def test_sizes_that_no_generator_has_are_refused_at_once(run, wrong):
    status, _, err = run("bench", *wrong)
    assert status == 2
    assert wrong[0] in err


@pytest.mark.parametrize("wrong", [("--seed", 2**63), ("--seed", -1), ("--psi", 9)])
def test_numbers_out_of_range_are_wrong_use(run, weights, tmp_path, wrong):
    status, _, err = run("generate", "--weights", weights, "--out", tmp_path / "a.png", *wrong)
    assert status == 2
    assert wrong[0] in err


def test_a_number_that_is_none_writes_nothing(run, weights, tmp_path):
    """Typer's own Click refuses it; older ones let it through, to the check of pictures."""
    status, _, err = run("generate", "--weights", weights, "--out", tmp_path / "a.png", "--psi", "nan")
    assert status in (1, 2)
    assert "--psi" in err or "NaN" in err
    assert not list(tmp_path.iterdir())


def test_a_random_face_of_too_large_a_number(run, weights, tmp_path):
    status, _, err = run("interpolate", f"seed:{2**63}", "seed:1", "--weights", weights, "--out", tmp_path / "a.webp")
    assert status == 1
    assert f"is not a random face: write a whole number from 0 to {2**63 - 1} after seed:" in " ".join(err.split())


def test_a_device_that_is_none(run, weights, tmp_path):
    status, _, err = run("generate", "--weights", weights, "--device", "meta", "--out", tmp_path / "a.png")
    assert status == 1
    assert "'meta' is not supported" in err


def test_a_style_is_learned_and_drawn_in_less_precision(run, run_json, weights, picture, tmp_path):
    asked = ("stylize", picture, "--reference", picture, "--steps", 2, "--aligned", "--weights", weights)
    assert run_json(*asked, "--precision", "bfloat16", "--out", tmp_path / "a.png")["faces"] == 1
    status, _, err = run(*asked, "--precision", "float16", "--device", "cpu", "--out", tmp_path / "b.png")
    assert status == 1
    assert "float16" in err
    assert not (tmp_path / "b.png").exists()
