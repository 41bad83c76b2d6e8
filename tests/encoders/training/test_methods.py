"""Every method on four pictures: it lowers its loss, repeats by its seed, and goes on where it was stopped."""

import pytest
import torch

from pastiche.encoders.compact_methods import CompactRestyleEncoder, CompactVariationalEncoder
from pastiche.encoders.training import encoder_task, train_encoder
from pastiche.errors import Cancelled, TrainingError
from pastiche.latents import Latent
from pastiche.training.task import Moment

CASES = {
    "psp": {"norm": 0.001},
    "e4e": {"stage_start": 2, "stage_every": 2, "r1_every": 2, "pool": 3},
    "restyle": {"steps": 2},
    "restyle-e4e": {"stage_start": 1, "steps": 2},
    "vae": {"kl_images": 8},
}
methods = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def start(settings, schedule, build):
    """A task of a case, and the schedule of its training."""

    def begin(name, images=12, **changes):
        planned = schedule(images, average_images=10.0)
        return build(settings(**{"method": name, **CASES[name], **changes}), schedule=planned), planned

    return begin


def weights(network):
    return torch.cat([value.flatten() for value in network.state_dict().values()])


def total(task, draw, moment):
    with torch.no_grad():
        given = task.losses(draw, moment)
        parts = [given] if isinstance(given, dict) else list(given)
    return sum(float(value) for part in parts for name, value in part.items() if not name.startswith("_"))


@methods
def test_it_lowers_its_own_loss(start, name, tmp_path):
    """Without the adversary, whose part of the loss it may raise meanwhile; compared at the last stage, on one draw."""
    few = 96 if name == "vae" else 32  # whose heads start at zero
    task, planned = start(name, images=few, adversarial=0.0, kl_images=0, stage_start=0, stage_every=1, lr=1e-3)
    last = Moment(iteration=100)
    draw = task.draw(torch.Generator().manual_seed(9), 4)
    before = total(task, draw, last)
    train_encoder(task, planned, folder=tmp_path, device="cpu")
    assert total(task, draw, last) < 0.8 * before


@methods
def test_a_stopped_training_goes_on_to_the_bit(start, name, tmp_path):
    kept = {"average": True, "flip": 0.5, "decay": 0.5}
    whole, schedule = start(name, **kept)
    steps = []
    trained = train_encoder(whole, schedule, folder=tmp_path / "whole", device="cpu", progress=steps.append)

    def stop(step):
        if step.index >= 6:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        train_encoder(start(name, **kept)[0], schedule, folder=tmp_path / "parts", device="cpu", progress=stop)
    resumed, more = start(name, **kept)[0], []
    again = train_encoder(resumed, schedule, folder=tmp_path / "parts", device="cpu", progress=more.append)
    assert [step.losses for step in more] == [step.losses for step in steps[3:]]
    assert weights(again).equal(weights(trained))
    assert weights(resumed.encoder).equal(weights(whole.encoder))
    assert not weights(again).equal(weights(resumed.encoder)), "the average is kept, not the encoder"


def test_e4e_learns_one_row_after_the_other(start):
    task, _ = start("e4e")
    torch.manual_seed(0)
    torch.nn.init.normal_(task.encoder.offsets.weight)
    inputs, _ = task.examples.batch(task.draw(torch.Generator().manual_seed(0), 4), Moment())
    for iteration, stage in ((0, 0), (2, 1), (6, 3), (100, 7)):
        codes = task.codes(inputs, Moment(iteration=iteration))
        alike = [bool(torch.equal(codes[:, row], codes[:, 0])) for row in range(1, 8)]
        assert alike == [row > stage for row in range(1, 8)]


def test_e4e_logs_its_discriminator(start, tmp_path):
    task, schedule = start("e4e", images=6)
    steps = []
    train_encoder(task, schedule, folder=tmp_path, device="cpu", progress=steps.append)
    assert {"latent discriminator/adversarial", "encoder/adversarial", "encoder/l2", "latent R1/r1"} <= steps[0].losses.keys()
    assert "encoder/delta" not in steps[0].losses
    assert "encoder/delta" in steps[2].losses
    assert "latent R1/r1" not in steps[1].losses
    assert int(task.adversary.pool.stored) == 3


def test_attempts_of_restyle_are_those_of_its_refinement(start, generator):
    """Step by step, the training makes the attempts that the trained encoder will make."""
    task, _ = start("restyle", random_noise=False, steps=3)
    torch.manual_seed(0)
    torch.nn.init.normal_(task.encoder.offsets.weight, std=0.1)
    draw, codes = task.draw(torch.Generator().manual_seed(0), 4), []
    task.picture = lambda w_plus, *_rest: codes.append(w_plus) or generator.synthesis(w_plus)
    assert len(list(task.losses(draw, Moment()))) == 3
    inputs, _ = task.examples.batch(draw, Moment())
    assert torch.allclose(task.encoder.refine(inputs, generator, steps=3).codes, codes[-1], atol=1e-5)


def test_an_attempt_learns_nothing_from_the_next(start):
    """The gradients of the attempts add up, each with the attempt before taken as given."""
    task, _ = start("restyle", steps=2)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    gradients = []
    for losses in task.losses(draw, Moment()):
        sum(losses.values()).backward()
        gradients.append(task.encoder.codes.weight.grad.clone())
    assert not gradients[0].equal(gradients[1])
    task.encoder.zero_grad()
    list(task.losses(draw, Moment()))
    assert task.encoder.codes.weight.grad is None


def test_the_vae_starts_at_the_prior_and_samples_from_its_draw(start, generator, monkeypatch):
    task, _ = start("vae", kl_images=0, random_noise=False)
    draw, moment = task.draw(torch.Generator().manual_seed(0), 4), Moment()
    assert draw["deviation"].shape == (4, 8, 16)
    seen = []
    monkeypatch.setattr(task, "compared", lambda w_plus, *_rest: seen.append(w_plus) or {})
    losses = task.losses(draw, moment)
    assert losses["kl"] == 0
    assert losses["_deviation"] == 1
    assert torch.allclose(seen[0], generator.mapping(draw["deviation"]), atol=1e-5)


def test_the_weight_of_the_divergence_rises(start):
    task, _ = start("vae", kl=0.5, kl_images=16)
    torch.nn.init.ones_(task.encoder.variances.bias)
    draw, found = task.draw(torch.Generator().manual_seed(0), 4), []
    for seen in (0, 8, 16, 99):
        losses = task.losses(draw, Moment(seen=seen))
        found.append((losses["kl"] / losses["_divergence"]).item())
    assert found == pytest.approx([0, 0.25, 0.5, 0.5])


def test_the_vae_can_be_told_the_codes_of_its_pictures(start):
    task, _ = start("vae", codes=0.5)
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    with pytest.raises(TrainingError, match="the z of these pictures is not known: set codes to 0"):
        task.losses(draw, Moment())
    draw["z"] = torch.randn(4, 16, generator=torch.Generator().manual_seed(1))
    losses = task.losses(draw, Moment())
    torch.testing.assert_close(losses["codes"], 0.5 * draw["z"].square().mean())  # the mean starts at 0


def test_noise_follows_the_picture_and_not_its_place_in_the_batch(start, generator):
    task, _ = start("psp")
    draw = task.draw(torch.Generator().manual_seed(0), 4)
    codes = generator.w_avg.expand(4, 8, -1)
    whole = task.picture(codes, draw, Moment())
    part = task.picture(codes[2:], {name: value[2:] for name, value in draw.items()}, Moment())
    assert torch.allclose(part, whole[2:], atol=1e-5)
    assert not torch.allclose(whole[0], whole[1], atol=1e-3)
    assert not torch.allclose(task.picture(codes, draw, Moment(), 1), whole, atol=1e-3)


def test_the_learning_rate_falls_at_the_end(start):
    task, _ = start("psp", images=100, decay=0.5, lr=0.01)
    rates = []
    for seen in (0, 50, 75, 100):
        task.after_step({}, Moment(seen=seen))
        rates.append(task.optimizers["encoder"].param_groups[0]["lr"])
    assert rates == pytest.approx([0.01, 0.01, 0.005, 0])


@methods
def test_a_preview_shows_pictures_above_their_inversions(start, name, generator):
    task, _ = start(name)
    with torch.no_grad():
        found = task.samples()
    assert found.shape == (8, 3, 32, 32)
    assert task.encoder.training
    wanted = torch.nn.functional.adaptive_avg_pool2d(task.examples.pictures.picture(1), 32)
    assert torch.allclose(found[2:3], wanted, atol=1e-5)
    assert found.equal(task.samples())


def test_kinds_of_compact_encoders(start):
    for name in ("restyle", "restyle-e4e"):
        assert isinstance(start(name)[0].encoder, CompactRestyleEncoder)
    assert isinstance(start("vae")[0].encoder, CompactVariationalEncoder)


def test_published_backbones_learn_too(settings, schedule, build, tmp_path):
    """IR-SE-50 with batch statistics."""
    planned = schedule(2)
    task = build(settings("psp", backbone="irse50", width=4, optimizer="ranger", lr=1e-3, space="z+"), schedule=planned)
    before = weights(task.encoder)
    encoder = train_encoder(task, planned, folder=tmp_path, device="cpu")
    assert not encoder.training
    assert not weights(encoder).equal(before)
    with torch.no_grad():
        latent = encoder(torch.zeros(1, 3, 256, 256))
    assert isinstance(latent, Latent)
    assert latent.space == "z+"


def test_a_state_of_other_settings_is_refused(start, tmp_path):
    task, schedule = start("psp", images=2)
    train_encoder(task, schedule, folder=tmp_path, device="cpu")
    with pytest.raises(TrainingError, match=r"other settings \(norm 0.001 -> 0.5\)"):
        train_encoder(start("psp", images=2, norm=0.5)[0], schedule, folder=tmp_path, device="cpu")


def test_a_state_for_another_generator_is_refused(start, small_generator, pictures, perception, tmp_path):
    task, planned = start("psp", images=2)
    train_encoder(task, planned, folder=tmp_path, device="cpu")
    other = encoder_task(small_generator(32, seed=9), pictures, task.settings, planned, perception=perception)
    with pytest.raises(TrainingError, match=r"other settings \(generator \w+\.* -> "):
        train_encoder(other, planned, folder=tmp_path, device="cpu")
