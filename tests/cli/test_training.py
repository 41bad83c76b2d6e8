"""`pastiche train stylegan2`: from a folder to a model that loads, resumed and refused."""

import re

import pytest
import torch

import pastiche
from pastiche import images
from pastiche.cli.train.settings import override
from pastiche.errors import Cancelled, PasticheError
from pastiche.stylegan2.training import fast
from pastiche.training.loop import RESUMED

SMALL = [f"--set={setting}" for setting in ("latent_dim=8", "mapping_layers=2", "channel_max=6", "batch=4", "seed=3")]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    place, rng = tmp_path_factory.mktemp("training") / "pictures", torch.Generator().manual_seed(0)
    for index in range(4):
        images.write(torch.rand(1, 3, 32, 32, generator=rng) * 2 - 1, place / f"{index}.png")
    (place / "broken.png").write_bytes(b"")
    return place


def test_a_folder_becomes_a_model_and_goes_on(run, pictures, tmp_path):
    out = tmp_path / "made.safetensors"
    common = ["train", "stylegan2", pictures, "--out", out, "--aligned", "--device", "cpu", "--resolution", 16, *SMALL]
    status, shown, error = run(*common, "--set=images=4", "--dry-run")
    assert (status, error.count("error")) == (0, 0)
    assert "4 pictures of 16 pixels, 1 left out" in shown
    assert "broken.png" in shown
    assert re.search(r"4 of 4 images on cpu: about \d+ s, \d\.\d GB of memory", shown)
    assert not out.exists()

    status, _, error = run(*common, "--set=images=4")
    assert status == 0, error
    first = pastiche.load(out)
    assert (first.generator.resolution, first.options["training"]["latent_dim"]) == (16, 8)
    assert (tmp_path / "made-training" / "log.jsonl").exists()
    status, shown, error = run(*common, "--set=images=8", "--json")
    assert status == 0, error
    assert "4 of 8 images" in shown
    assert not pastiche.load(out).stylegan2.conv1.conv.weight.equal(first.stylegan2.conv1.conv.weight)
    status, _, error = run(*common, "--set=lr=0.5")
    assert status == 1
    assert "lr 0.0025 -> 0.5" in error


@pytest.mark.parametrize("command", ["stylegan2", "encoder", "agilegan", "dualstylegan", "style-encoder"])
def test_a_precision_that_the_device_lacks_is_refused_before_anything_is_written(run, weights, pictures, tmp_path, command):
    start = [] if command in ("stylegan2", "style-encoder") else ["--generator", weights]
    options = ["--out", tmp_path / "made.safetensors", *start, "--device", "cpu", "--set", "precision=float16"]
    status, shown, error = run("train", command, pictures, *options)
    assert (status, shown) == (1, "")
    assert "precision is float16, which is a hundred times slower" in " ".join(error.split())
    assert not list(tmp_path.iterdir())


def test_a_transfer_from_a_checkpoint(run, weights, pictures, tmp_path):
    out = tmp_path / "made.safetensors"
    options = [
        "--out",
        out,
        "--from",
        weights,
        "--freeze-d",
        3,
        "--aligned",
        "--device",
        "cpu",
        "--set=images=4",
        "--set=batch=4",
    ]
    status, _, error = run("train", "stylegan2", pictures, *options)
    assert status == 0, error
    made, base = pastiche.load(out), pastiche.load(weights)
    assert made.generator.resolution == 32
    assert made.discriminator.convs[1].conv1[0].weight.equal(base.discriminator.convs[1].conv1[0].weight)
    assert not made.discriminator.final_conv[0].weight.equal(base.discriminator.final_conv[0].weight)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--out", "made.pt"], r"made\.pt ends in '\.pt', but the output is written as \.safetensors"),
        (["--run", "here", "--out", "/proc/none/made.safetensors"], "does not accept new files"),
        (["--set=lr=nan"], "--set lr=nan: expected a number that is finite"),
        (["--set=learning=3"], r"no setting 'learning'; choose one of accumulate.*r1"),
        (["--set=batch"], "expected name=value"),
        (["--set=batch=many"], "--set batch=many: expected a whole number"),
        (["--set=flips=maybe"], "expected true or false"),
        (["--set=precision=float8"], "float8"),
        (["--freeze-d", "3"], "give a checkpoint"),
    ],
)
def test_what_can_not_be_is_said_before_it_starts(run, pictures, tmp_path, changes, message):
    out = tmp_path / "made.safetensors"
    status, _, error = run(
        "train", "stylegan2", pictures, "--out", out, "--aligned", "--device", "cpu", "--resolution", 16, *SMALL, *changes
    )
    assert status == 1
    assert re.search(message, error)
    assert not out.exists()


def test_settings_keep_their_types():
    config, schedule = override(*fast(64), ["average_ramp=none", "images=2e4", "flips=no", "augment=bgcf", "keep_images=5"])
    assert (schedule.average_ramp, schedule.images, schedule.keep_images) == (None, 20_000, 5)
    assert (config.flips, config.augment) == (False, "bgcf")
    with pytest.raises(PasticheError, match="expected a number"):
        override(config, schedule, ["lr=fast"])


def test_ctrl_c_says_how_to_go_on(run, pictures, tmp_path, monkeypatch):
    def stopped(*_args, **_options):
        raise Cancelled("stopped after 4 of 8 images", RESUMED)

    monkeypatch.setattr("pastiche.cli.train.run.train", stopped)
    out = tmp_path / "made.safetensors"
    status, _, error = run(
        "train", "stylegan2", pictures, "--out", out, "--aligned", "--device", "cpu", *SMALL, "--resolution", 16
    )
    assert status == 130
    assert "stopped after 4 of 8 images: the same command goes on from there" in error


def test_a_resolution_of_0_is_not_the_default(run, pictures, tmp_path):
    options = ["--aligned", "--device", "cpu", "--resolution", 0, *SMALL, "--dry-run"]
    status, _, error = run("train", "stylegan2", pictures, "--out", tmp_path / "made.safetensors", *options)
    assert status != 0
    assert "--resolution" in error
    assert "Traceback" not in error
