"""`pastiche train dualstylegan`, from a folder of pictures to `pastiche stylize`."""

import pytest
import torch

import pastiche
from pastiche import images

TINY = (
    *("tuning.iterations=1", "tuning.batch=2", "destylizing.steps=1", "destylizing.embedding_steps=1"),
    *("structure.iterations=1,0,0", "structure.batch=2", "transfer.iterations=2", "transfer.batch=2", "refining.steps=1"),
    *("sampling.samples=8", "sampling.batch=4", "sampling.pictures=8", "precision=float32"),
)


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portraits")
    for name in ("ink", "oil"):
        images.write(torch.rand(1, 3, 40, 40) * 2 - 1, folder / f"{name}.png")
    return folder


@pytest.fixture
def command(portraits, weights, tmp_path):
    def build(*options, generator=weights):
        start = ["train", "dualstylegan", portraits, "--aligned", "-g", generator, "--out", tmp_path / "dual.safetensors"]
        return [*start, "--device", "cpu", *(word for setting in TINY for word in ("--set", setting)), *options]

    return build


def test_a_dry_run(run, command, tmp_path):
    status, out, err = run(*command("--dry-run"))
    assert status == 0, err
    assert "2 pictures of 32 pixels" in out
    assert "the weights for few pictures are used" in out
    for stage in ("fine-tuning", "destylization", "structure transfer", "style transfer"):
        assert f"{stage}: about" in out
    assert not list(tmp_path.rglob("*.safetensors"))


def test_pictures_become_exemplars(run, run_json, command, weights, picture, tmp_path):
    status, _, err = run(*command("--dtype", "float16", "--set", "transfer.mirror=false"))
    assert status == 0, err
    dual = tmp_path / "dual.safetensors"
    assert pastiche.load(dual).exemplars.exemplars.names == ("ink.png", "oil.png")
    out = tmp_path / "out.png"
    run_json("stylize", picture, "--aligned", "--weights", dual, "--exemplar", "oil.png", "--out", out)
    assert pastiche.read(out).shape[-1] == 32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "transfer.speed=2"], "there is no setting 'transfer.speed'"),
        (["--set", "transfer.batch=many"], "expected a whole number"),
        (["--set", "transfer=2"], "there is no setting 'transfer'"),
        (["--identity", "WEIGHTS"], "is no identity network"),
    ],
)
def test_what_can_not_be(run, command, weights, options, message):
    status, _, err = run(*command(*(weights if option == "WEIGHTS" else option for option in options)))
    assert status != 0
    assert message in " ".join(err.split())
