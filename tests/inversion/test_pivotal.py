"""Pivotal tuning, on networks so small that a step takes milliseconds."""

from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.errors import Cancelled, ImageError, LatentError, TrainingError
from pastiche.inversion import PivotalTuning, tune
from pastiche.inversion.pivotal import _nearby
from pastiche.latents import Latent
from pastiche.losses.perceptual import LPIPS
from pastiche.stylegan3 import Generator3, Generator3Config

QUICK = PivotalTuning(steps=25, lr=3e-3)


@pytest.fixture
def generator(small_generator):
    return small_generator(8)


@pytest.fixture
def discriminator(small_discriminator):
    return small_discriminator(8)


@pytest.fixture
def pivot(generator, codes):
    return Latent(codes(generator, 1, seed=7), "w+")


@pytest.fixture
def face(generator, pivot):
    """What the generator draws at the pivot, in another light."""
    return another_light(generator(pivot))


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def another_light(picture):
    return 0.6 * picture + torch.tensor([0.4, 0.1, -0.3]).view(3, 1, 1)


def squares(a, b):
    return float((a - b).square().mean())


def state(*modules):
    return [value.clone() for module in modules for value in module.state_dict().values()]


def test_the_face_is_drawn_at_its_code(generator, discriminator, pivot, face):
    seen = []
    tuned = tune(face, generator, pivot, discriminator=discriminator, settings=QUICK, progress=seen.append)
    assert torch.equal(tuned.latent.codes, pivot.codes)
    assert squares(tuned.generator(tuned.latent), face) < 0.3 * squares(generator(pivot), face)
    assert [step.index for step in seen] == list(range(1, 26))
    assert {step.total for step in seen} == {25}
    assert seen[0].losses["squares"] == pytest.approx(squares(generator(pivot), face), rel=1e-4)
    assert seen[-1].losses["distance"] < 0.7 * seen[0].losses["distance"]
    assert torch.allclose(seen[0].preview(), generator(pivot), atol=1e-5), "before the first step nothing has moved"
    assert not seen[0].preview().requires_grad


def test_everything_given_stays_as_it_was(small_generator, small_discriminator, pivot, face):
    generator, discriminator = small_generator(8, train=True), small_discriminator(8, train=True)
    before = state(generator, discriminator)
    tuned = tune(face, generator, pivot, discriminator=discriminator, settings=replace(QUICK, locality=0.1), rng=draws())
    assert all(torch.equal(a, b) for a, b in zip(before, state(generator, discriminator), strict=True))
    assert all(value.grad is None for value in (*generator.parameters(), *discriminator.parameters()))
    own = {value.data_ptr() for value in generator.state_dict().values()}
    assert not any(value.data_ptr() in own for value in tuned.generator.state_dict().values())
    assert not any(value.requires_grad or value.grad is not None for value in tuned.generator.parameters())
    assert not tuned.generator.training


def test_what_learns_is_the_synthesis_network(generator, discriminator, pivot, face):
    tuned = tune(face, generator, pivot, discriminator=discriminator, settings=replace(QUICK, steps=1))
    after = tuned.generator.state_dict()
    same = {name for name, value in generator.state_dict().items() if torch.equal(value, after[name])}
    assert same == {name for name in after if name.startswith(("style.", "noises.")) or name == "w_avg"}


@pytest.mark.parametrize("space", ["z", "z+", "w", "w+"])
def test_a_pivot_in_any_space(generator, discriminator, face, space):
    latent = Latent(torch.randn((1, 4, 16) if space.endswith("+") else (1, 16), generator=draws(3)), space)
    tuned = tune(face, generator, latent, discriminator=discriminator, settings=replace(QUICK, steps=2))
    assert torch.equal(tuned.latent.codes, generator.to_w_plus(latent).codes)
    assert torch.equal(tuned.generator(latent), tuned.generator(tuned.latent)), "the code that was given still means the same"


def test_one_generator_for_several_faces(generator, discriminator, codes):
    pivots = Latent(codes(generator, 3, seed=7), "w+")
    faces, seen = another_light(generator(pivots)), []
    settings = replace(QUICK, steps=60)
    tuned = tune(faces, generator, pivots, discriminator=discriminator, settings=settings, progress=seen.append)
    before, after = (g(pivots).sub(faces).square().mean(dim=(1, 2, 3)) for g in (generator, tuned.generator))
    assert (after < 0.5 * before).all()
    assert seen[0].preview().shape == (3, 3, 8, 8)
    assert seen[0].losses["squares"] == pytest.approx(float(before.mean()), rel=1e-4)


def test_locality_keeps_other_faces(generator, discriminator, pivot, face):
    w_plus = _nearby(generator, pivot.codes, 5.0, draws(9))
    ends = {}
    for locality in (0.0, 3.0):
        settings = replace(QUICK, steps=60, locality=locality, reach=5.0)
        tuned = tune(face, generator, pivot, discriminator=discriminator, settings=settings, rng=draws()).generator
        drift = squares(tuned.synthesis(w_plus, noise="none"), generator.synthesis(w_plus, noise="none"))
        ends[locality] = drift, squares(tuned(pivot), face)
    assert ends[3.0][0] < 0.5 * ends[0.0][0]
    assert ends[3.0][1] < 0.5 * squares(generator(pivot), face), "the face itself is still learned"


def test_codes_for_locality_lie_in_reach(generator, pivot):
    rng = draws(4)
    moved = (_nearby(generator, pivot.codes, 5.0, rng) - pivot.codes).flatten()
    face = generator.truncate(generator.mapping(generator.sample_z(1, draws(4))), 0.5)
    wanted = (generator.broadcast(face) - pivot.codes).flatten()
    assert float(moved.norm()) == pytest.approx(5.0, rel=1e-4)
    assert float(torch.cosine_similarity(moved, wanted, dim=0)) == pytest.approx(1, abs=1e-5)


def test_it_repeats(generator, discriminator, pivot, face):
    settings = replace(QUICK, steps=3, locality=0.1, reach=5.0)
    first, again, other = (
        tune(face, generator, pivot, discriminator=discriminator, settings=settings, rng=draws(seed)) for seed in (0, 0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(state(first.generator), state(again.generator), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(state(first.generator), state(other.generator), strict=True))


def test_it_stops_when_it_is_enough(generator, discriminator, pivot, face):
    seen = []
    tune(face, generator, pivot, discriminator=discriminator, settings=QUICK, progress=seen.append)
    distances = [step.losses["distance"] for step in seen]
    enough, again = distances[10], []
    wanted = next(index for index, value in enumerate(distances) if value <= enough)
    settings = replace(QUICK, enough=enough)
    tune(face, generator, pivot, discriminator=discriminator, settings=settings, progress=again.append)
    assert len(again) == wanted
    tuned = tune(face, generator, pivot, discriminator=discriminator, settings=replace(QUICK, enough=1e3))
    assert torch.equal(tuned.generator(pivot), generator(pivot)), "it was enough from the beginning"


def test_lpips_is_preferred(small_generator, codes, discriminator):
    """If it is given; here with random weights, and for one step."""
    torch.manual_seed(0)
    lpips, generator, seen = LPIPS().requires_grad_(False), small_generator(16), []
    pivot, face = Latent(codes(generator, 1), "w+"), torch.zeros(1, 3, 16, 16)
    settings = replace(QUICK, steps=1)
    tune(face, generator, pivot, discriminator=discriminator, lpips=lpips, settings=settings, progress=seen.append)
    assert seen[0].losses["distance"] == pytest.approx(float(lpips(generator(pivot), face)), rel=1e-4)


def test_a_stylegan3():
    torch.manual_seed(0)
    generator = Generator3(Generator3Config(resolution=16, channels=(4,) * 6, z_dim=8, w_dim=8)).eval().requires_grad_(False)
    pivot = Latent(torch.randn(1, generator.num_layers, generator.latent_dim), "w+")
    face, lpips, seen = torch.zeros(1, 3, 16, 16), LPIPS().requires_grad_(False), []
    tuned = tune(face, generator, pivot, lpips=lpips, settings=replace(QUICK, steps=5, locality=0.1), progress=seen.append)
    assert tuned.generator(pivot).shape == (1, 3, 16, 16)
    assert seen[-1].losses["squares"] < seen[0].losses["squares"]


def test_the_tuned_generator_is_a_checkpoint(generator, discriminator, pivot, face, tmp_path):
    tuned = tune(face, generator, pivot, discriminator=discriminator, settings=replace(QUICK, steps=3))
    base = Checkpoint(architecture="stylegan2", generator=generator, discriminator=discriminator)
    path, code = tmp_path / "tuned.safetensors", tmp_path / "code.safetensors"
    pastiche.save(replace(base, generator=tuned.generator), path)
    tuned.latent.save(code)
    loaded = pastiche.load(path)
    assert torch.equal(loaded.generator(Latent.load(code)), tuned.generator(pivot))
    assert loaded.discriminator is not None


@pytest.mark.parametrize("loaded_inside", [False, True])
def test_in_inference_mode(small_generator, small_discriminator, pivot, face, loaded_inside):
    """As ComfyUI runs nodes; a picture was drawn there before, and the models may have been made there."""
    with torch.inference_mode(loaded_inside):
        generator, discriminator = small_generator(8), small_discriminator(8)
    with torch.inference_mode():
        latent = Latent(pivot.codes * 1.0, "w+")
        before = generator(latent)
        settings = replace(QUICK, locality=0.1, reach=5.0)
        tuned = tune(face * 1.0, generator, latent, discriminator=discriminator, settings=settings)
        after = tuned.generator(latent)
    assert squares(after, face) < 0.5 * squares(before, face)
    assert not any(value.is_inference() for value in tuned.generator.parameters())


def test_cancel(generator, discriminator, pivot, face):
    before, steps = state(generator, discriminator), []

    def stop(step):
        steps.append(step)
        if step.index == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        tune(face, generator, pivot, discriminator=discriminator, settings=QUICK, progress=stop)
    assert len(steps) == 3
    assert all(torch.equal(a, b) for a, b in zip(before, state(generator, discriminator), strict=True))


def test_a_tuning_that_goes_wrong(generator, discriminator, pivot, face):
    with torch.no_grad():
        discriminator.convs[1].conv1[0].weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="distance loss became nan after 0 steps"):
        tune(face, generator, pivot, discriminator=discriminator, settings=QUICK)


def test_what_does_not_fit_is_said(generator, discriminator, small_discriminator, pivot, face):
    with pytest.raises(LatentError, match="2 faces were given with 1 codes"):
        tune(face.expand(2, -1, -1, -1), generator, pivot, discriminator=discriminator)
    with pytest.raises(LatentError, match="give one of the two"):
        tune(face, generator, pivot)
    with pytest.raises(LatentError, match="32 pixels and the generator at 8"):
        tune(face, generator, pivot, discriminator=small_discriminator(32))
    with pytest.raises(LatentError, match=r"codes of the shape \[N, 4, 16\]"):
        tune(face, generator, Latent(torch.zeros(1, 6, 16), "w+"), discriminator=discriminator)
    with pytest.raises(ImageError, match=r"\[N, 3, S, S\]"):
        tune(face[..., :4], generator, pivot, discriminator=discriminator)
    with pytest.raises(ImageError, match="not finite"):
        tune(face * float("nan"), generator, pivot, discriminator=discriminator)


@pytest.mark.parametrize("changes", [{"steps": 0}, {"lr": 0.0}, {"reach": 0.0}, {"enough": -1.0}, {"locality": -0.1}])
def test_settings_that_make_no_sense(changes):
    with pytest.raises(LatentError, match=next(iter(changes))):
        PivotalTuning(**changes)
