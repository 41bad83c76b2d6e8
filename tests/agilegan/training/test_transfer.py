"""The transfer as a whole, on a tiny problem."""

import shutil
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche import checkpoints
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.agilegan.training.snapshots import Snapshots, stop_sheet
from pastiche.agilegan.training.transfer import schedule_of, stylized, train_agile
from pastiche.errors import Cancelled, CheckpointError, TrainingError
from pastiche.latents import Latent


def weights(task):
    modules = (*task.networks.values(), *task.averages.values())
    return torch.cat([value.detach().flatten() for module in modules for value in module.parameters()])


@pytest.fixture
def run(base, tmp_path):
    """Train a task in a folder."""

    def train(task, name="run", **more):
        schedule = schedule_of(task.settings, precision="float32", log_images=4)
        return train_agile(task, base, folder=tmp_path / name, schedule=schedule, device="cpu", **more)

    return train


@pytest.fixture(scope="session")
def whole(base, build, tmp_path_factory):
    """The folder of a finished training."""
    folder, task = tmp_path_factory.mktemp("whole"), build()
    schedule = schedule_of(task.settings, precision="float32", log_images=4)
    train_agile(task, base, folder=folder, schedule=schedule, device="cpu")
    return folder


@pytest.fixture
def trained(whole, tmp_path):
    """A copy of it, which may be trained further."""
    return shutil.copytree(whole, tmp_path / "run")


def test_each_path_learns_its_exemplars(run, build, base):
    """The exemplars are red and blue: so become the faces, while what does not learn stays."""
    checkpoint = run(build(iterations=30, lr=0.01, average_images=20.0, augment="none", snapshots=30))
    w_plus = base.generator.broadcast(base.generator.mapping(torch.randn(8, 16, generator=torch.Generator().manual_seed(1))))
    wanted = torch.tensor([[0.8, -0.6, -0.6], [-0.6, -0.6, 0.8]])
    before = (base.generator.synthesis(w_plus).mean(dim=(0, 2, 3)) - wanted).norm(dim=1)
    images = checkpoint.generator.synthesis(w_plus, path=None)
    after = (torch.stack([drawn.mean(dim=(0, 2, 3)) for drawn in images]) - wanted).norm(dim=1)
    assert (after < 0.5 * before).all(), f"{before} -> {after}"
    kept = zip(checkpoint.generator.style.parameters(), base.generator.style.parameters(), strict=True)
    assert all(torch.equal(ours, source) for ours, source in kept)


def test_the_structural_loss_falls_where_it_alone_counts(run, build, codes):
    """Pulled away from the source, the generator finds back."""
    task = build(iterations=15, weight_adversarial=0.0, weight_structure=1.0, path=0.0, r1=0.0, lr=0.01, snapshots=15)
    task.generator.requires_grad_(False)
    for parameter in task.generator.convs.parameters():
        parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
    w_plus = codes(task.source, 8)

    def distance():
        return task.structure(task.generator.synthesis(w_plus), task.source.synthesis(w_plus)).mean().item()

    before = distance()
    run(task)
    assert distance() < 0.5 * before


def test_two_runs_agree_to_the_bit_also_when_one_was_interrupted(run, build):
    def stop(step):
        if step.index == 12:
            raise Cancelled

    whole, halved, resumed = (build(augment_images=100.0, augment_target=-2.0) for _ in range(3))
    run(whole, "whole")
    with pytest.raises(Cancelled):
        run(halved, "halved", progress=stop)
    run(resumed, "halved")
    assert torch.equal(weights(whole), weights(resumed))
    assert whole.augments[0].p == resumed.augments[0].p > 0


def test_snapshots(trained, base):
    snapshots = Snapshots(trained / "snapshots", base)
    assert snapshots.iterations == [3, 6]
    early, late = snapshots.load(3).generator, snapshots.load().generator
    assert snapshots.load().iteration == 6
    assert not torch.equal(early.conv1.conv.weight, late.conv1.conv.weight)
    with pytest.raises(TrainingError, match="no snapshot of iteration 4: choose one of 3, 6"):
        snapshots.load(4)
    with pytest.raises(TrainingError, match="holds no snapshots: train first"):
        Snapshots(trained / "nothing", base).load()


def test_snapshots_hold_only_what_changed(trained):
    stored = pastiche.inspect(trained / "snapshots" / "000003.safetensors")
    assert stored.dtype == "float16"
    assert stored.parameters["generator"] < 0.95 * sum(v.numel() for v in stored_generator(trained).parameters())


def stored_generator(folder):
    state = torch.load(sorted((folder / "states").iterdir())[-1], weights_only=True)["parts"]["network generator"]
    return torch.nn.ParameterList(state.values())


def test_the_sheet_to_pick_the_stop_from(trained, base, codes):
    written = pastiche.read(trained / "iterations.png")
    drawn = stop_sheet(Snapshots(trained / "snapshots", base), people=2, side=32)
    own = stop_sheet(Snapshots(trained / "snapshots", base), w_plus=codes(base.generator, 4), iterations=[3], side=32)
    assert written.shape[-1] > 3 * 192  # the source and two iterations, with names beside them
    assert drawn.shape[-1] > own.shape[-1] + 32
    assert own.shape[-2] > drawn.shape[-2] + 64


def test_the_result_is_stored_as_a_difference_and_draws(run, build, base, tmp_path, codes):
    checkpoint = run(build())
    checkpoints.save(base, tmp_path / "faces.safetensors")
    checkpoints.save(checkpoint, tmp_path / "style.safetensors", base=base, dtype=torch.float16)
    loaded = pastiche.load(tmp_path / "style.safetensors")
    style = pastiche.attribute_style(loaded, "male")
    face = Latent(codes(base.generator), "w+")
    wanted = checkpoint.generator.synthesis(face.codes, path=1)
    assert (style(face) - wanted).abs().max() < 1e-3 * wanted.std()
    torch.testing.assert_close(style(face, strength=0), base.generator.synthesis(face.codes))  # the base was loaded as well
    assert loaded.options["iteration"] == 6
    assert loaded.options["training"]["weight_structure"] == AgileTransfer().weight_structure
    assert loaded.options["training"]["attributes"] == ["female", "male"]


def test_a_chosen_stop(trained, base):
    checkpoint = stylized(base, Snapshots(trained / "snapshots", base).load(3))
    assert checkpoint.architecture == "agilegan"
    assert checkpoint.options["iteration"] == 3
    assert checkpoint.options["training"]["attributes"] == ["female", "male"]
    assert checkpoint.discriminator is None


def test_one_path_for_all(run, build, pictures, base, codes):
    generator = run(build({"all": pictures["female"]}, path=0.0)).generator
    assert generator.config.attributes == ("all",)
    assert generator.synthesis(codes(base.generator)).shape == (2, 3, 16, 16)


def test_a_training_of_other_settings_is_not_resumed(trained, run, build):
    with pytest.raises(TrainingError, match=r"other settings \(weight_structure 0.5 -> 1.0\)"):
        run(build(weight_structure=1.0))


def test_a_longer_training_is(trained, run, build, base):
    run(build(iterations=9))
    assert Snapshots(trained / "snapshots", base).iterations == [3, 6, 9]


def test_another_source(trained, base, small_generator):
    with pytest.raises(CheckpointError, match="has other weights"):
        Snapshots(trained / "snapshots", replace(base, generator=small_generator(16, seed=8))).load()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch is 0"),
        ({"augment": "bcg"}, "choose none, blit"),
        ({"adversarial": "wgan"}, "choose one of hinge, logistic"),
    ],
)
def test_settings_that_do_not_exist(changes, message):
    with pytest.raises(TrainingError, match=message):
        AgileTransfer(**changes)


def test_the_published_settings():
    """The paper's: R1 of 10, about 1,200 iterations; the others are FaceStylor's."""
    paper = AgileTransfer.PAPER
    assert (paper.iterations, paper.r1, paper.weight_structure, paper.discriminator_blocks) == (1200, 10, 0.5, 5)
    assert 0.5 ** (paper.batch / paper.average_images) == pytest.approx(0.999, abs=1e-4)
