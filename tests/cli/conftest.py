"""A small checkpoint of every kind that a command needs, and a way to run commands."""

import json
import sys

import pytest
import torch

from pastiche import images
from pastiche.checkpoints import Checkpoint, save
from pastiche.cli import main
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig


@pytest.fixture(scope="session")
def weights(tmp_path_factory, small_generator, small_discriminator):
    """A .safetensors with generator, discriminator and encoder at 32 pixels."""
    generator = small_generator(32)
    torch.manual_seed(3)
    config = CompactEncoderConfig(
        num_layers=generator.num_layers, w_dim=generator.latent_dim, channels=(8, 8, 16, 16, 16), hidden=32
    )
    encoder = CompactEncoder(config).eval().requires_grad_(False)
    encoder.latent_avg.copy_(generator.w_avg)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    checkpoint = Checkpoint(
        architecture="stylegan2", generator=generator, discriminator=small_discriminator(32), encoder=encoder, source="small"
    )
    save(checkpoint, path)
    return path


@pytest.fixture
def picture(tmp_path):
    """A square picture without any face."""
    path = tmp_path / "picture.png"
    rng = torch.Generator().manual_seed(0)
    images.write(torch.rand(1, 3, 48, 48, generator=rng) * 2 - 1, path)
    return path


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command as a shell would: gives its exit status, output and error stream."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pastiche", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def run_json(run):
    """The facts that a command prints with --json."""

    def call(*arguments):
        status, out, err = run(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    return call
