"""Commands with the weights of a StyleGAN3."""

import pytest
import torch

from pastiche import images
from pastiche.checkpoints import Checkpoint, save
from pastiche.stylegan3 import Generator3, Generator3Config


@pytest.fixture(scope="module")
def stylegan3(tmp_path_factory, small_discriminator):
    torch.manual_seed(0)
    generator = Generator3(Generator3Config(resolution=16, channels=(4,) * 6, z_dim=8, w_dim=8))
    path = tmp_path_factory.mktemp("stylegan3") / "small.safetensors"
    checkpoint = Checkpoint(
        architecture="stylegan3", generator=generator, discriminator=small_discriminator(16), source="small.safetensors"
    )
    save(checkpoint, path)
    return path


def test_generate(run_json, stylegan3, tmp_path):
    written = run_json("generate", "-n", 2, "--separate", "--weights", stylegan3, "--out", tmp_path / "face.png")["written"]
    assert [images.read(path).shape[-1] for path in written] == [16, 16]


def test_inspect(run_json, stylegan3):
    assert run_json("inspect", stylegan3)["architecture"] == "stylegan3"


def test_a_style_can_not_be_learned_on_it(run, stylegan3, picture, tmp_path):
    status, _, err = run(
        "one-shot", picture, "--weights", stylegan3, "--aligned", "--steps", 2, "--out", tmp_path / "style.safetensors"
    )
    assert status != 0
    assert "holds a stylegan3 generator" in " ".join(err.split())
