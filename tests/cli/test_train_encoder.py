"""`pastiche train encoder`, from a folder of painted portraits to a model that inverts."""

import pytest
import torch

from pastiche import images, load
from pastiche.checkpoints import Checkpoint, save
from pastiche.encoders import ArcFace, ArcFaceConfig
from pastiche.encoders.compact import CompactEncoder
from pastiche.encoders.compact_methods import CompactVariationalEncoder
from pastiche.synthetic.dataset import code
from pastiche.synthetic.painter import paint
from pastiche.synthetic.parameters import parameters

TINY = [f"--set={setting}" for setting in ("images=8", "batch=4", "width=16", "side=32", "sample_images=none")]


@pytest.fixture(scope="session")
def portraits(tmp_path_factory):
    """Four people, painted."""
    folder = tmp_path_factory.mktemp("portraits")
    painted = paint(parameters(torch.stack([code(number, 0) for number in range(4)])), 64).images
    for number, portrait in enumerate(painted):
        images.write(portrait[None].clamp(-1, 1), folder / f"{number}.png")
    return folder


@pytest.fixture
def train(run, portraits, weights, tmp_path):
    def call(*options, name="e4e.safetensors"):
        out = tmp_path / name
        common = ("--generator", weights, "--out", out, "--aligned", "--device", "cpu")
        return *run("train", "encoder", portraits, *common, *TINY, *options), out

    return call


def test_a_dry_run_checks_and_writes_nothing(train):
    status, printed, error, out = train("--dry-run")
    assert status == 0, error
    assert "4 pictures of 256 pixels, 0 left out" in printed
    assert "8 of 8 images on cpu: about " in printed
    assert "identity: the shape codes of the checkpoint's encoder" in printed
    assert not out.exists()


def test_a_trained_encoder_inverts_with_its_generator(train, run_json, portraits, weights, tmp_path):
    status, _, error, out = train()
    assert status == 0, error
    found = load(out)
    assert found.architecture == "e4e"
    assert isinstance(found.encoder, CompactEncoder)
    assert torch.equal(found.generator.conv1.conv.weight, load(weights).generator.conv1.conv.weight)
    assert found.discriminator is not None
    assert "shape codes" in found.options["training"]["features"]
    facts = run_json("invert", portraits / "0.png", "--weights", out, "--aligned", "--out", tmp_path / "code.safetensors")
    assert facts["space"] == "w+"


def test_the_vae_gives_z_plus(train, run_json, portraits, tmp_path):
    status, _, error, out = train("--method", "vae", "--dtype", "float16", name="vae.safetensors")
    assert status == 0, error
    found = load(out)
    assert found.architecture == "hvae"
    assert isinstance(found.encoder, CompactVariationalEncoder)
    facts = run_json("invert", portraits / "0.png", "--weights", out, "--aligned", "--out", tmp_path / "code.safetensors")
    assert facts["space"] == "z+"


def test_an_identity_network_is_used_and_named(train, tmp_path):
    torch.manual_seed(0)
    arcface = ArcFace(ArcFaceConfig(embedding_dim=8, stem=4, widths=(4, 8, 16, 32))).eval()
    save(Checkpoint(architecture="arcface", encoder=arcface), tmp_path / "arcface.safetensors")
    status, printed, error, _ = train("--identity", tmp_path / "arcface.safetensors", "--method", "psp", "--dry-run")
    assert status == 0, error
    assert "identity: ArcFace" in printed


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--identity", "WEIGHTS"], "holds no identity network"),
        (["--set", "colour=red"], "there is no setting 'colour'"),
        (["--set", "space=z+"], "e4e gives codes in w+"),
        (["--method", "restyle", "--translation", "sketch"], "choose another method"),
        (["--method", "psp", "--translation", "sketch"], "needs sources"),
        (["--method", "vae", "--from", "WEIGHTS"], "the encoder to start from is a CompactEncoder"),
        (["--similarity", "WEIGHTS"], "is not MoCo v2"),
    ],
)
def test_what_does_not_fit_is_said(train, weights, options, problem):
    status, _, error, out = train(*(str(weights) if part == "WEIGHTS" else part for part in options))
    assert status == 1
    assert problem in error.replace("\n", " ")
    assert not out.exists()


def test_without_an_identity_network_a_translation_that_needs_one_is_refused(train, weights, tmp_path):
    found = load(weights)
    save(
        Checkpoint(architecture="stylegan2", generator=found.generator, discriminator=found.discriminator),
        tmp_path / "a.safetensors",
    )
    bare = ("--generator", tmp_path / "a.safetensors")
    status, _, error, _ = train("--method", "psp", "--translation", "toonify", *bare)
    assert status == 1
    assert "pastiche weights get arcface-irse50" in error.replace("\n", " ")
    status, printed, error, _ = train("--method", "psp", *bare, "--dry-run")
    assert status == 0, error
    assert "identity:" not in printed
