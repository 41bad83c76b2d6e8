"""`pastiche batch`, at 32 pixels."""

import json

import pytest
import torch

from pastiche import images


@pytest.fixture
def folder(tmp_path, picture):
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.png").write_bytes(picture.read_bytes())
    (tmp_path / "in" / "3.png").write_bytes(b"no picture")
    return tmp_path / "in"


def test_a_folder_is_drawn_reported_and_resumed(run, run_json, weights, picture, folder, tmp_path):
    style, out = tmp_path / "style.safetensors", tmp_path / "out"
    common = ("--aligned", "--weights", weights, "--precision", "float32")
    run_json("one-shot", picture, "--steps", 1, "--out", style, *common)
    command = ("batch", folder, "--style", style, "--batch", 2, "--workers", 2, "--format", "png", "--out", out, *common)
    facts = run_json(*command)
    assert (facts["done"], facts["failed"], facts["skipped"]) == (3, 1, 0)
    first, second = (images.read(out / f"{number}.png") for number in (0, 2))
    assert first.shape == (1, 3, 32, 32)
    assert torch.equal(first, second)
    lines = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()[1:]]
    assert sorted(line["status"] for line in lines) == ["done", "done", "done", "failed"]
    assert run_json(*command)["skipped"] == 4
    assert run_json(*command, "--retry-failed")["failed"] == 1
    status, _, err = run(*command, "--strength", 0.5)
    assert status == 1
    assert "differs in strength" in " ".join(err.split())


def test_options_of_another_method_are_refused(run, weights, folder, tmp_path):
    status, _, err = run("batch", folder, "--attribute", "male", "--weights", weights, "--out", tmp_path / "out")
    assert status == 2
    assert "--attribute is no option of jojogan" in " ".join(err.replace("│", " ").split())


def test_folders_are_checked_before_a_style_is_learned(run, weights, picture, folder, tmp_path):
    common = ("--reference", picture, "--steps", 10**9, "--aligned", "--weights", weights)
    for inputs, out, message in (
        ([folder, tmp_path / "none"], tmp_path / "out", "none does not exist"),
        ([folder], folder, "would lie among the pictures that are read"),
    ):
        status, _, err = run("batch", *inputs, "--out", out, *common)
        assert status == 1
        assert message in " ".join(err.split())
