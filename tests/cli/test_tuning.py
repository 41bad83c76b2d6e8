"""`pastiche invert --tune`, at 32 pixels."""

import pytest
import torch

import pastiche
from pastiche import images
from pastiche.latents import Latent


def test_a_tuned_generator_draws_the_face_at_its_code(run, run_json, weights, picture, tmp_path):
    code, tuned, sheet = (tmp_path / name for name in ("code.safetensors", "tuned.safetensors", "compare.png"))
    before = weights.read_bytes()
    arguments = ("invert", picture, "--tune", tuned, "--steps", 8, "--out", code, "--compare", sheet)
    facts = run_json(*arguments, "--aligned", "--weights", weights)
    assert facts["tuned"] == str(tuned)
    assert facts["tuned_mean_square_error"] < facts["mean_square_error"]
    made = pastiche.load(tuned)
    assert set(made.modules) == set(pastiche.load(weights).modules)
    assert made.options["tuned_to"] == picture.name
    face = pastiche.align(picture, 32, aligned=True)[0].crop
    with torch.no_grad():
        drawn = made.generator(Latent.load(code)).clamp(-1, 1)
    assert float((drawn - face).square().mean()) == pytest.approx(facts["tuned_mean_square_error"], rel=1e-4)
    assert images.read(sheet).shape[-1] > 3 * 32
    assert weights.read_bytes() == before

    plain = tmp_path / "plain.png"
    reference = ("--reference", picture, "--steps", 1, "--strength", 0)
    run_json("stylize", picture, *reference, "--out", plain, "--aligned", "--weights", tuned)
    assert (images.read(plain) - drawn).abs().max() < 0.02, "stylize does not find the face by the encoder"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--steps", 3), 2, "give --tune too"),
        (("--tune", "tuned.pt"), 1, "is written as .safetensors"),
    ],
)
def test_wrong_use(run, weights, picture, tmp_path, arguments, status, said):
    out = tmp_path / "code.safetensors"
    ended, _, err = run("invert", picture, "--aligned", "--weights", weights, "--out", out, *arguments)
    assert ended == status
    assert said in " ".join(err.replace("\u2502", " ").split())
    assert not out.exists()
