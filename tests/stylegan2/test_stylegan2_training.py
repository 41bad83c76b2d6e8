"""Training a StyleGAN2: its losses, its schedule, transfer, and what two processes learn."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from loading import module_at
from processes import finish, start_together

from pastiche.checkpoints import Checkpoint
from pastiche.errors import Cancelled, CheckpointError, TrainingError
from pastiche.stylegan2.training import StyleGAN2Training, fast, new_task, paper
from pastiche.stylegan2.training.freeze import discriminator_layers, learning_parameters
from pastiche.stylegan2.training.run import finished, train_stylegan2
from pastiche.training.data import PictureDataset
from pastiche.training.schedule import Schedule
from pastiche.training.sources import FolderSource
from pastiche.training.task import Moment

SCRIPT = Path(__file__).with_name("gan.py")
gan = module_at(SCRIPT)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return gan.write_pictures(tmp_path_factory.mktemp("set") / "pictures")


def weights(task):
    modules = (*task.networks.values(), *task.averages.values())
    return torch.cat([value.detach().flatten() for module in modules for value in module.parameters()])


def drawn(task, count=4, seed=0):
    return task.draw(torch.Generator().manual_seed(seed), count)


def test_the_losses_are_those_of_the_paper(pictures):
    task = gan.build(pictures, augment="none")
    draw, moment = drawn(task), Moment()
    real = task.reals(draw, moment.device)
    with torch.no_grad():
        fake = task.fakes(task.codes(draw, "discriminator", moment.device), draw["discriminator noise"])
        wanted = F.softplus(-task.discriminator(real)).mean() + F.softplus(task.discriminator(fake)).mean()
        found = task.discriminator_losses(draw, moment)
        assert found["adversarial"].item() == pytest.approx(wanted.item(), rel=1e-5)
        assert found["_real_sign"].item() == pytest.approx(task.discriminator(real).sign().mean().item())
        fake = task.fakes(task.codes(draw, "generator", moment.device), draw["generator noise"])
        wanted = F.softplus(-task.discriminator(fake)).mean()
        assert task.generator_losses(draw, moment)["adversarial"].item() == pytest.approx(wanted.item(), rel=1e-5)
    real = real.requires_grad_()
    (gradient,) = torch.autograd.grad(task.discriminator(real).sum(), real)
    wanted = 3 * 0.5 / 2 * gradient.square().sum() / len(real)  # every 3, gamma 0.5
    assert task.r1_losses(draw, moment)["penalty"].item() == pytest.approx(wanted.item(), rel=1e-4)


def test_path_lengths_are_measured_on_half_of_the_batch(pictures):
    task = gan.build(pictures)
    task.path_mean.value = 0.3
    draw = drawn(task, 6)
    found = task.path_losses(draw, Moment())
    assert found["penalty"].requires_grad
    again = task.path_losses({name: values[:3] for name, values in draw.items()}, Moment())
    assert again["_length"] != found["_length"]  # of one image, not of three
    task.after_step({"discriminator/real_sign": 0.0, "path_length/length": 1.3}, Moment(seen=8, iteration=1))
    assert task.path_mean.value == pytest.approx(0.3 + 0.01 * (1.3 - 0.3))


def test_mixed_codes_change_at_the_crossover(pictures):
    task = gan.build(pictures)
    draw = drawn(task, 3)
    draw["generator crossover"] = torch.tensor([1, 3, task.generator.num_layers])
    with torch.no_grad():
        w_plus = task.codes(draw, "generator", torch.device("cpu"))
        w = task.generator.mapping(draw["generator z"])
    for index, row in enumerate((1, 3, task.generator.num_layers)):
        assert (w_plus[index, :row] == w[index, 0]).all()
        assert (w_plus[index, row:] == w[index, 1]).all()


def test_latents_are_mixed_with_their_probability(pictures):
    task = gan.build(pictures, mixing=0.7)
    rows = task.generator.num_layers
    crossover = task._draw_crossover(torch.Generator().manual_seed(0), 5000)
    assert (crossover < rows).double().mean().item() == pytest.approx(0.7, abs=0.02)
    assert crossover[crossover < rows].unique().tolist() == list(range(1, rows))


def test_the_optimizers_are_corrected_for_lazy_regularization(pictures):
    task = gan.build(pictures)
    group = task.optimizers["generator"].param_groups[0]
    assert (group["lr"], group["betas"]) == (pytest.approx(2.5e-3 * 2 / 3), (0.0, pytest.approx(0.99 ** (2 / 3))))
    group = task.optimizers["discriminator"].param_groups[0]
    assert (group["lr"], group["betas"]) == (pytest.approx(2.5e-3 * 3 / 4), (0.0, pytest.approx(0.99 ** (3 / 4))))
    task = gan.build(pictures, path_weight=0, r1=0)
    assert [optimizer.param_groups[0]["lr"] for optimizer in task.optimizers.values()] == [2.5e-3, 2.5e-3]
    assert [phase.name for phase in task.phases] == ["generator", "discriminator"]


def test_each_network_lowers_its_own_loss(pictures, tmp_path):
    for name in ("generator", "discriminator"):
        task = gan.build(pictures, augment="none", lr=0.01)
        draw = drawn(task, 8)
        task.draw = lambda rng, count, draw=draw: draw
        task.phases = [phase for phase in task.phases if phase.name == name]
        task.after_step = lambda losses, moment: None
        _, steps = gan.run(task, tmp_path / name, images=80)
        assert steps[-1].losses[f"{name}/adversarial"] < 0.9 * steps[0].losses[f"{name}/adversarial"]


@pytest.mark.parametrize("stop", [8, 24])
def test_a_stopped_training_goes_on_to_the_bit(pictures, tmp_path, stop):
    def cancel(step):
        if step.index == stop:
            raise Cancelled("stopped")

    whole, resumed = gan.build(pictures), gan.build(pictures, seed=1)
    _, steps = gan.run(whole, tmp_path / "whole")
    with pytest.raises(Cancelled):
        gan.run(gan.build(pictures), tmp_path / "parts", progress=cancel)
    _, more = gan.run(resumed, tmp_path / "parts")
    assert [step.losses for step in more] == [step.losses for step in steps[stop // 8 :]]
    assert weights(resumed).equal(weights(whole))
    assert (resumed.augment.p, resumed.path_mean.value) == (whole.augment.p, whole.path_mean.value)


def test_accumulated_parts_learn_what_the_batch_would(pictures, tmp_path):
    whole, parts = gan.build(pictures), gan.build(pictures)
    _, steps = gan.run(whole, tmp_path / "whole", images=24)
    _, more = gan.run(parts, tmp_path / "parts", images=24, accumulate=2)
    for one, other in zip(steps, more, strict=True):
        assert other.losses == pytest.approx(one.losses, rel=2e-3, abs=1e-4)


def test_two_processes_learn_what_one_does(pictures, tmp_path):
    """The same losses at the same global batch, the same augmentation, the same average."""
    (tmp_path / "pictures").symlink_to(pictures)
    started = start_together(SCRIPT, tmp_path)
    task = gan.build(pictures)
    _, steps = gan.run(task, tmp_path / "alone")
    finish(started)
    together = json.loads((tmp_path / "together.json").read_text())
    assert together["world"] == 2
    assert len(together["losses"]) == len(steps) == 5
    first = {name: value for name, value in steps[0].losses.items() if not name.startswith(("discriminator", "r1"))}
    assert {name: together["losses"][0][name] for name in first} == pytest.approx(first, rel=1e-5, abs=1e-6)
    for found, step in zip(together["losses"], steps, strict=True):  # Adam makes a whole step of what rounding leaves of a zero
        assert found == pytest.approx(step.losses, rel=2e-3, abs=1e-4)
    assert together["p"] == task.augment.p
    for found, value in zip(together["weights"], task.average.parameters(), strict=True):
        assert torch.tensor(found).allclose(value.flatten(), atol=2e-3)


@pytest.mark.parametrize(("preset", "resolution"), [(fast, 256), (fast, 1024), (paper, 256)])
def test_presets_are_the_published_ones(preset, resolution):
    config, schedule = preset(resolution)
    if preset is paper:
        assert (schedule.batch, schedule.images, config.r1, config.lr, config.mapping_layers) == (32, 25_000_000, 10, 2e-3, 8)
        assert (config.augment, schedule.average_images, schedule.average_ramp) == ("none", 10_000, None)
    elif resolution == 256:
        assert (schedule.batch, config.group_size, config.lr, config.mapping_layers) == (16, 4, 2.5e-3, 2)
        assert config.r1 == pytest.approx(0.8192)
        assert config.channels[256] == 64
        assert (schedule.average_images, schedule.average_ramp) == (5000, 0.05)
    else:
        assert (schedule.batch, config.lr, config.channels[1024]) == (4, 2e-3, 32)
    assert preset(resolution, transfer=True)[1].average_ramp is None


@pytest.fixture
def start(small_generator, small_discriminator):
    return Checkpoint(
        architecture="stylegan2",
        generator=small_generator(gan.SIDE, most=6, z_dim=8, w_dim=8),
        discriminator=small_discriminator(gan.SIDE, most=6),
        source="base.pt",
        license="MIT",
    )


def test_a_transfer_starts_from_the_checkpoint_and_leaves_it(pictures, tmp_path, start):
    before = {name: value.clone() for name, value in start.generator.state_dict().items()}
    config = StyleGAN2Training(resolution=gan.SIDE, **gan.CONFIG)
    dataset = PictureDataset(FolderSource(pictures), gan.SIDE)
    task = new_task(dataset, config, start=start)
    assert all(value.equal(task.average.state_dict()[name]) for name, value in before.items())
    made = train_stylegan2(dataset, config, Schedule(**gan.SCHEDULE), folder=tmp_path, start=start, device="cpu")
    assert all(value.equal(start.generator.state_dict()[name]) for name, value in before.items())
    assert not made.stylegan2.conv1.conv.weight.equal(start.generator.conv1.conv.weight)
    assert (made.source, made.license, made.options["training"]["resolution"]) == ("base.pt", "MIT", gan.SIDE)
    assert made.w_avg.allclose(made.generator.estimate_w_avg())


def test_freeze_d_keeps_the_first_layers(pictures, tmp_path, start):
    task = gan.build(pictures, start=start, freeze_d=4)
    gan.run(task, tmp_path, images=24)
    layers, before = discriminator_layers(task.discriminator), discriminator_layers(start.discriminator)
    same = [
        all(now.equal(then) for now, then in zip(layer.parameters(), old.parameters(), strict=True))
        for layer, old in zip(layers, before, strict=True)
    ]
    assert same == [True] * 4 + [False] * (len(layers) - 4)
    assert layers[1:4] == [
        task.discriminator.convs[1].conv1,
        task.discriminator.convs[1].conv2,
        task.discriminator.convs[1].skip,
    ]


def test_every_layer_of_the_discriminator_is_counted(start):
    every = [parameter for layer in discriminator_layers(start.discriminator) for parameter in layer.parameters()]
    assert {id(one) for one in every} == {id(one) for one in start.discriminator.parameters()}
    with pytest.raises(TrainingError, match=r"freeze_d is 99.*layers: freeze fewer"):
        learning_parameters(start.discriminator, 99)


def test_a_checkpoint_without_a_discriminator_gets_a_new_one(pictures, start, caplog):
    alone = Checkpoint(architecture="stylegan2", generator=start.generator, source="base.pt")
    task = gan.build(pictures, start=alone)
    assert task.discriminator.config.channels == start.generator.config.channels
    assert "has no discriminator" in caplog.text
    with pytest.raises(TrainingError, match="no discriminator whose layers"):
        gan.build(pictures, start=alone, freeze_d=2)


def test_what_does_not_fit_is_named(pictures, start, small_generator):
    large = Checkpoint(architecture="stylegan2", generator=small_generator(32), source="large.pt")
    with pytest.raises(TrainingError, match=r"large\.pt makes images of 32 pixels, and 16 are set"):
        gan.build(pictures, start=large)
    with pytest.raises(CheckpointError, match="without a generator"):
        gan.build(pictures, start=Checkpoint(architecture="arcface", source="other.pt"))
    with pytest.raises(TrainingError, match="a new discriminator knows nothing"):
        gan.build(pictures, freeze_d=2)
    with pytest.raises(TrainingError, match="the pictures have 16 pixels, and 32 are set"):
        new_task(PictureDataset(FolderSource(pictures), 16), StyleGAN2Training(resolution=32))
    with pytest.raises(TrainingError, match="a multiple of 8"):
        gan.build(pictures).check_batch(Schedule(images=8, batch=12, accumulate=2))


@pytest.mark.parametrize(
    "changes", [{"resolution": 100}, {"augment": "bcg"}, {"lr": -1.0}, {"r1_every": 0}], ids=lambda changes: next(iter(changes))
)
def test_settings_that_mean_nothing_are_refused(changes):
    with pytest.raises(TrainingError):
        StyleGAN2Training(**{"resolution": 64, **changes})


def test_the_result_is_a_checkpoint_that_others_load(pictures, tmp_path):
    import pastiche

    task = gan.build(pictures)
    pastiche.save(finished(task), tmp_path / "made.safetensors")
    again = pastiche.load(tmp_path / "made.safetensors")
    assert again.architecture == "stylegan2"
    assert again.discriminator is not None
    w_plus = again.generator.broadcast(again.w_avg[None])
    assert again.generator.synthesis(w_plus).shape == (1, 3, gan.SIDE, gan.SIDE)
