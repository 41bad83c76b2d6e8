"""Inversion by a search, on networks so small that a hundred steps take seconds."""

import sys
from dataclasses import replace
from math import cos, pi

import pytest
import torch
from torch import nn

from pastiche.encoders import ArcFace, ArcFaceConfig
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.encoders.identity import embedding_of
from pastiche.errors import Cancelled, ImageError, LatentError, TrainingError
from pastiche.inversion import Optimization, encode, invert, optimize
from pastiche.inversion.density import LatentDensity
from pastiche.inversion.invert import REFINEMENT, identity_to
from pastiche.inversion.noise import noise_penalty, normalize_noise
from pastiche.inversion.schedule import jitter, learning_rate
from pastiche.latents import Latent
from pastiche.losses.perceptual import LPIPS, DiscriminatorDistance
from pastiche.stylegan3 import Generator3, Generator3Config

QUICK = Optimization(steps=25, samples=200, noise=False)


@pytest.fixture
def generator(small_generator):
    return small_generator(8)


@pytest.fixture
def discriminator(small_discriminator):
    return small_discriminator(8)


@pytest.fixture
def target(generator, codes):
    """A face that the generator can draw."""
    return generator.synthesis(codes(generator, 1, seed=7))


@pytest.fixture
def encoder(generator, codes):
    """Knows nearly the right answer."""

    class Nearly(nn.Module):
        seen = None

        def forward(self, images):
            self.seen = images
            return Latent(codes(generator, 1, seed=7).expand(len(images), -1, -1) + 0.1, "w+")

    return Nearly()


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("space", ["w", "w+", "z+"])
@pytest.mark.parametrize("noise", [False, True])
def test_a_search_comes_nearer(generator, discriminator, target, space, noise):
    settings = replace(QUICK, space=space, noise=noise)
    distance, seen = DiscriminatorDistance(discriminator, target), []
    found = optimize(generator, distance, settings, rng=draws(), progress=seen.append)
    assert found.space == space
    assert found.codes.shape == ((1, 16) if space == "w" else (1, generator.num_layers, 16))
    assert [step.index for step in seen] == list(range(1, 26))
    assert {step.total for step in seen} == {25}
    losses = [step.losses["distance"] for step in seen]
    assert losses[-1] < 0.7 * losses[0]
    picture = generator(found)
    assert float(distance(picture)) < 0.7 * losses[0], "the result is not what the last step saw"


def test_a_larger_space_comes_nearer(generator, discriminator, target):
    distance = DiscriminatorDistance(discriminator, target)
    ends = {}
    for space in ("w", "w+"):
        found = optimize(generator, distance, replace(QUICK, space=space, steps=60), rng=draws())
        ends[space] = float(distance(generator(found)))
    assert ends["w+"] < ends["w"]


def test_the_same_seed_finds_the_same(generator, discriminator, target):
    distance = DiscriminatorDistance(discriminator, target)
    settings = replace(QUICK, steps=10, noise=True)
    first, again, other = (optimize(generator, distance, settings, rng=draws(seed)) for seed in (0, 0, 1))
    assert torch.equal(first.codes, again.codes)
    assert all(torch.equal(a, b) for a, b in zip(first.noise, again.noise, strict=True))
    assert not torch.equal(first.codes, other.codes)


def test_the_spread_of_w_is_estimated_only_where_it_is_used(monkeypatch, generator, discriminator, target, encoder):
    """Mapping thousands of samples is most of a short refinement's overhead, for each face that comes by itself."""
    mapped = []
    mapping = generator.mapping
    monkeypatch.setattr(generator, "mapping", lambda z: mapped.append(len(z)) or mapping(z))
    distance = DiscriminatorDistance(discriminator, target)
    optimize(generator, distance, replace(REFINEMENT, steps=2), start=encoder(target), rng=draws())
    assert REFINEMENT.samples not in mapped
    optimize(generator, distance, replace(QUICK, steps=2, jitter=0.05), start=encoder(target), rng=draws())
    assert QUICK.samples in mapped


def test_the_search_leaves_everything_as_it_was(small_generator, small_discriminator, target):
    generator, discriminator = small_generator(8, train=True), small_discriminator(8, train=True)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    found = optimize(generator, DiscriminatorDistance(discriminator, target), replace(QUICK, steps=5, noise=True), rng=draws())
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    assert all(value.grad is None for value in (*generator.parameters(), *discriminator.parameters()))
    assert not any(value.requires_grad for value in (found.codes, *found.noise))


def test_several_faces_at_once(generator, discriminator, codes):
    targets = generator.synthesis(codes(generator, 3, seed=7))
    latent = invert(
        targets, generator, method="optimize", discriminator=discriminator, settings=replace(QUICK, steps=50), rng=draws()
    )
    assert len(latent) == 3
    errors = (generator(latent)[:, None] - targets[None]).square().mean(dim=(2, 3, 4))
    assert errors.argmin(dim=1).tolist() == [0, 1, 2], "each code should draw its own face"


def test_cancel(generator, discriminator, target):
    steps = []

    def stop(step):
        steps.append(step)
        if step.index == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        invert(target, generator, method="optimize", discriminator=discriminator, settings=QUICK, progress=stop)
    assert len(steps) == 3


def test_preview(generator, discriminator, target):
    seen = []
    invert(
        target,
        generator,
        method="optimize",
        discriminator=discriminator,
        settings=replace(QUICK, steps=2),
        progress=lambda step: seen.append(step.preview()),
    )
    assert [picture.shape for picture in seen] == [(1, 3, 8, 8)] * 2
    assert not seen[0].requires_grad


def test_a_pull_holds_the_start(generator, discriminator, target, codes):
    start = Latent(codes(generator, 1, seed=9), "w+")
    distance = DiscriminatorDistance(discriminator, target)

    def travelled(pull):
        found = optimize(generator, distance, replace(QUICK, pull=pull, jitter=0.0), start=start)
        return float((found.codes - start.codes).norm())

    assert travelled(100.0) < 0.5 * travelled(0.0)


@pytest.mark.parametrize(("space", "shape"), [("w", (1, 16)), ("w+", (1, 4, 16)), ("z+", (1, 4, 16))])
@pytest.mark.parametrize("start", ["z", "z+", "w", "w+"])
def test_starts_in_every_space(generator, discriminator, target, space, shape, start):
    latent = Latent(torch.randn((1, 4, 16) if start.endswith("+") else (1, 16)), start)
    distance = DiscriminatorDistance(discriminator, target)
    settings = replace(QUICK, steps=1, space=space)
    if space == "z+" and start.startswith("w"):
        with pytest.raises(LatentError, match=rf"can't start from a code in {start.replace('+', '.')}"):
            optimize(generator, distance, settings, start=latent)
        return
    found = optimize(generator, distance, settings, start=latent)  # the first step of the schedule has a rate of zero
    assert found.codes.shape == shape
    if space == start or (space, start) == ("z+", "z"):
        wanted = latent.codes if latent.codes.ndim == len(shape) else latent.codes[:, None].expand(shape)
        assert torch.equal(found.codes, wanted)


def test_the_encoders_answer(generator, encoder, target, codes):
    latent = invert(target, generator, encoder)
    assert torch.equal(latent.codes, codes(generator, 1, seed=7) + 0.1)
    assert encoder.seen.shape == (1, 3, 256, 256), "published encoders see 256 pixels"
    assert torch.equal(encode(target, encoder).codes, latent.codes)


def test_hybrid_starts_at_the_encoders_answer(generator, discriminator, encoder, target):
    losses = []
    latent = invert(
        target,
        generator,
        encoder,
        method="hybrid",
        discriminator=discriminator,
        rng=draws(),
        progress=lambda step: losses.append(step.losses["distance"]),
    )
    distance = DiscriminatorDistance(discriminator, target)
    assert losses[0] == pytest.approx(float(distance(generator(encoder(target)))), rel=1e-3)
    assert float(distance(generator(latent))) < 0.7 * losses[0]
    assert latent.space == "w+"


@pytest.fixture
def compact(generator):
    torch.manual_seed(0)
    config = CompactEncoderConfig(num_layers=generator.num_layers, w_dim=16, split=2, channels=(8, 8, 8, 8, 8, 8), hidden=16)
    return CompactEncoder(config).eval()


def terms(target, generator, encoder, discriminator, **networks):
    """The names of what one step of "hybrid" minimises."""
    seen = []
    invert(
        target,
        generator,
        encoder,
        method="hybrid",
        discriminator=discriminator,
        settings=replace(REFINEMENT, steps=1),
        progress=lambda step: seen.append(step.losses),
        **networks,
    )
    return set(seen[0])


def test_hybrid_keeps_who_it_is(generator, discriminator, compact, encoder, target):
    """By ArcFace, or by a compact encoder's own shape codes."""
    arcface = ArcFace(ArcFaceConfig(embedding_dim=8, stem=4, widths=(4, 4, 8, 8))).eval().requires_grad_(False)
    assert terms(target, generator, compact, discriminator) == {"distance", "identity", "pull"}
    assert all(parameter.requires_grad for parameter in compact.parameters()), "the encoder is left as it was"
    assert terms(target, generator, encoder, discriminator) == {"distance", "pull"}, "this encoder tells nobody apart"
    assert terms(target, generator, encoder, discriminator, identity=arcface) == {"distance", "identity", "pull"}


def test_the_identity_loss_counts_by_its_weight(generator, discriminator, target):
    distance, wanted = DiscriminatorDistance(discriminator, target), target.flip(3).mean(dim=2)

    def left(weight):
        def identity(images):
            return (images.mean(dim=2) - wanted).square().mean()

        settings = replace(QUICK, identity=weight)
        return float(identity(generator(optimize(generator, distance, settings, identity=identity, rng=draws()))))

    assert left(50.0) < 0.5 * left(0.0)


def test_the_identity_loss_is_a_cosine(compact):
    first, second = torch.rand(2, 2, 3, 32, 32, generator=draws()) * 2 - 1
    embed, loss = embedding_of(compact), identity_to(first, compact)
    with torch.no_grad():
        cosines = torch.cosine_similarity(embed(first), embed(second))
        assert float(loss(first)) == pytest.approx(0, abs=1e-5)
        assert float(loss(second)) == pytest.approx(1 - float(cosines.mean()), abs=1e-5)


def test_lpips_is_preferred(small_generator, codes, discriminator):
    """If it is given; here with random weights, and for one step."""
    torch.manual_seed(0)
    lpips, generator = LPIPS().requires_grad_(False), small_generator(16)  # VGG halves a picture four times
    target = generator.synthesis(codes(generator, 1))
    seen = []
    settings = replace(QUICK, steps=1)
    invert(
        target,
        generator,
        method="optimize",
        discriminator=discriminator,
        lpips=lpips,
        settings=settings,
        rng=draws(),
        progress=lambda step: seen.append((step.losses["distance"], step.preview())),
    )
    loss, picture = seen[0]
    assert loss == pytest.approx(float(lpips(picture, target)), rel=1e-4)


@pytest.mark.parametrize("size", [4, 8, 40])
def test_pictures_of_any_side_are_brought_to_the_generators(generator, discriminator, size):
    image = torch.rand(1, 3, size, size) * 2 - 1
    settings = replace(QUICK, steps=1)
    assert len(invert(image, generator, method="optimize", discriminator=discriminator, settings=settings)) == 1


@pytest.mark.parametrize("shape", [(1, 3, 16, 24), (3, 16, 16), (1, 1, 16, 16), (1, 16, 16, 3), (1, 4, 16, 16), (0, 3, 16, 16)])
@pytest.mark.parametrize("method", ["encoder", "optimize", "hybrid"])
def test_pictures_that_are_not_aligned_faces(generator, discriminator, encoder, shape, method):
    with pytest.raises(ImageError, match=r"\[N, 3, S, S\].*not \[" + ", ".join(map(str, shape))):
        invert(torch.zeros(shape), generator, encoder, method=method, discriminator=discriminator, settings=QUICK)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("method", ["encoder", "optimize", "hybrid"])
def test_pictures_that_are_not_finite(generator, discriminator, encoder, target, value, method):
    image = target.clone()
    image[0, 1, 2, 3] = value
    with pytest.raises(ImageError, match="not finite"):
        invert(image, generator, encoder, method=method, discriminator=discriminator, settings=QUICK)


def test_a_search_that_goes_wrong(generator):
    with pytest.raises(TrainingError, match="distance loss became nan"):
        optimize(generator, lambda images: images.sum() * float("nan"), QUICK)


def test_what_is_missing_is_said(generator, discriminator, encoder, target):
    with pytest.raises(LatentError, match='"encoder" needs an encoder'):
        invert(target, generator)
    with pytest.raises(LatentError, match='"hybrid" needs an encoder'):
        invert(target, generator, method="hybrid", discriminator=discriminator)
    with pytest.raises(LatentError, match="give one of the two"):
        invert(target, generator, method="optimize")
    with pytest.raises(LatentError, match="no inversion method 'magic'"):
        invert(target, generator, method="magic")


def test_a_discriminator_of_another_size(generator, small_discriminator, target):
    with pytest.raises(LatentError, match="32 pixels and the generator at 8"):
        invert(target, generator, method="optimize", discriminator=small_discriminator(32), settings=QUICK)


@pytest.mark.parametrize("changes", [{"steps": 0}, {"lr": 0.0}, {"samples": 0}, {"space": "x"}])
def test_settings_that_make_no_sense(changes):
    with pytest.raises(LatentError, match=next(iter(changes))):
        Optimization(**changes)


@pytest.mark.parametrize("space", ["w+", "z+"])
def test_steps_alone_leave_the_space_of_the_encoder(generator, discriminator, encoder, target, monkeypatch, space):
    module, seen = sys.modules["pastiche.inversion.invert"], []
    monkeypatch.setattr(module, "encode", lambda *given, **_: replace(encode(*given), space=space))
    given = {"method": "hybrid", "discriminator": discriminator, "steps": 2, "progress": seen.append}
    assert invert(target, generator, encoder, **given).space == space
    assert [step.total for step in seen] == [2, 2]


@pytest.mark.parametrize("loaded_inside", [False, True])
def test_in_inference_mode(small_generator, small_discriminator, encoder, target, loaded_inside):
    """As ComfyUI runs nodes; a picture was drawn there before, and the models may have been made there."""
    with torch.inference_mode(loaded_inside):
        generator, discriminator = small_generator(8), small_discriminator(8)
    seen = []
    with torch.inference_mode():
        image = generator(encoder(target))
        latent = invert(
            image * 0.9,
            generator,
            encoder,
            method="hybrid",
            discriminator=discriminator,
            settings=QUICK,
            progress=lambda step: seen.append(step.losses["distance"]),
        )
        generator(latent)
    assert seen[-1] < seen[0]


def test_schedule():
    assert learning_rate(0, 1000, 0.1) == 0
    assert learning_rate(25, 1000, 0.1) == pytest.approx(0.05)
    assert learning_rate(500, 1000, 0.1) == pytest.approx(0.1)
    assert learning_rate(900, 1000, 0.1) == pytest.approx(0.1 * (0.5 - 0.5 * cos(pi * 0.4)))
    assert learning_rate(999, 1000, 0.1) < 1e-5
    assert jitter(0, 1000) == pytest.approx(0.05)
    assert jitter(375, 1000) == pytest.approx(0.05 / 4)
    assert jitter(750, 1000) == jitter(999, 1000) == 0


def test_noise_penalty_is_the_published_one():
    torch.manual_seed(0)
    maps = [torch.randn(1, 1, side, side) for side in (4, 8, 32)]
    wanted = 0
    for level in maps:
        side = level.shape[-1]
        while True:
            right, down = (
                torch.cat([level[..., -1:], level[..., :-1]], -1),
                torch.cat([level[..., -1:, :], level[..., :-1, :]], -2),
            )
            wanted += float((level * right).mean() ** 2 + (level * down).mean() ** 2)
            if side <= 8:
                break
            level = level.reshape(1, 1, side // 2, 2, side // 2, 2).mean((3, 5))  # noqa: PLW2901
            side //= 2
    assert float(noise_penalty(maps)) == pytest.approx(wanted, rel=1e-5)


def test_a_picture_in_the_noise_is_punished():
    ramp = torch.linspace(-1.7, 1.7, 32).expand(1, 1, 32, 32).contiguous()
    noise = torch.randn(1, 1, 32, 32, generator=draws())
    assert noise_penalty([ramp]) > 100 * noise_penalty([noise])


def test_normalised_noise():
    maps = [3 * torch.randn(1, 1, side, side, generator=draws()) + 1 for side in (4, 16)]
    normalize_noise(maps)
    for level in maps:
        assert float(level.mean()) == pytest.approx(0, abs=1e-6)
        assert float(level.std()) == pytest.approx(1, abs=1e-5)


def test_optimized_noise_stays_with_the_latent(generator, discriminator, target, tmp_path):
    settings = replace(QUICK, steps=30, noise=True)
    faces = torch.cat([target, target.flip(3)])
    found = invert(faces, generator, method="optimize", discriminator=discriminator, settings=settings, rng=draws())
    assert [len(level) for level in found.noise] == [2] * len(generator.noise_resolutions)
    assert not torch.equal(found.noise[-1][0], found.noise[-1][1])
    found.save(tmp_path / "face.safetensors")
    read = Latent.load(tmp_path / "face.safetensors")
    drawn = generator(read)
    assert torch.equal(drawn, generator.synthesis(found.codes, noise=list(found.noise)))
    assert not torch.allclose(drawn, generator.synthesis(found.codes), atol=1e-3)
    assert torch.allclose(drawn[1:], generator(read[1]), atol=1e-5)
    assert torch.equal(generator(read, noise="none"), generator.synthesis(found.codes, noise="none"))


@pytest.mark.parametrize("settings", [None, QUICK])
def test_noise_can_be_asked_for_without_settings(generator, discriminator, target, monkeypatch, settings):
    module = sys.modules["pastiche.inversion.invert"]  # the function of that name hides it
    monkeypatch.setattr(module, "SEARCH", replace(QUICK, steps=3))
    found = invert(
        target, generator, method="optimize", discriminator=discriminator, settings=settings, noise=True, rng=draws()
    )
    assert [level.shape[-1] for level in found.noise] == generator.noise_resolutions


def test_noise_where_there_is_none(generator, target):
    with pytest.raises(LatentError, match='method="hybrid"'):
        invert(target, generator, torch.nn.Identity(), noise=True)
    without = Generator3(Generator3Config(resolution=16, channels=(4,) * 6, z_dim=8, w_dim=8))
    with pytest.raises(LatentError, match="the generator has no noise maps"):
        invert(target, without, method="optimize", noise=True)


def test_faces_of_a_batch_do_not_influence_each_other(generator, discriminator, codes):
    faces = generator.synthesis(codes(generator, 2, seed=7))
    settings = replace(QUICK, steps=5, jitter=0.0, noise=True)

    def search(part):
        return invert(part, generator, method="optimize", discriminator=discriminator, settings=settings, rng=draws())

    together, alone = search(faces), search(faces[1:])
    assert torch.allclose(together.codes[1], alone.codes[0], atol=1e-3)
    assert torch.allclose(together.noise[-1][1], alone.noise[-1][0], atol=1e-2)


def test_the_prior_keeps_codes_where_the_generator_saw_many(generator, target, discriminator):
    density = LatentDensity.of(generator, 2000, draws())
    w = generator.mapping(generator.sample_z(2000, draws(1)))
    assert float(density.penalty(w)) == pytest.approx(1, abs=0.1)
    assert float(density.penalty(4 * w)) > 4
    distance = DiscriminatorDistance(discriminator, target)
    free, held = (optimize(generator, distance, replace(QUICK, prior=prior), rng=draws()) for prior in (0.0, 1.0))
    assert float(density.penalty(held.codes)) < float(density.penalty(free.codes))
