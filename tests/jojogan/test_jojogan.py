"""JoJoGAN on networks so small that a style is learned in a second."""

import itertools
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from pastiche.errors import Cancelled, ImageError, LatentError, StyleError, TrainingError
from pastiche.jojogan import (
    PRESETS,
    FeatureLoss,
    JoJoStyle,
    Mixer,
    OneShot,
    ReferenceLoss,
    greyscale,
    identity_loss,
    mix_rows,
    one_shot,
    preset,
    training_codes,
)
from pastiche.latents import Latent
from pastiche.style_protocol import Style, load_style
from pastiche.stylegan2.fingerprint import fingerprint
from pastiche.stylegan2.synthesis_layers import ToRGB

QUICK = OneShot(steps=3, lr=0.01)


@pytest.fixture(scope="module")
def generator(small_generator):
    return small_generator(64, most=8)  # 10 rows, of which 7, 8 and 9 are swapped


@pytest.fixture(scope="module")
def discriminator(small_discriminator):
    return small_discriminator(64, most=8)


@pytest.fixture(scope="module")
def reference():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3)) * 2 - 1


@pytest.fixture(scope="module")
def latent(generator, codes):
    return Latent(codes(generator, 1, seed=4), "w+")


@pytest.fixture(scope="module")
def style(generator, discriminator, reference, latent):
    return one_shot(generator, discriminator, reference, latents=latent, settings=QUICK)


@pytest.fixture(scope="module")
def face(generator, codes):
    return Latent(codes(generator, 2, seed=5), "w+")


def changed(style):
    before = dict(style.base.named_parameters())
    return {name for name, value in style.tuned.named_parameters() if not torch.equal(value, before[name])}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_learns(generator, discriminator, reference, latent, face, name):
    losses = []
    style = one_shot(
        generator,
        discriminator,
        reference,
        latents=latent,
        settings=replace(preset(name), steps=2),
        progress=lambda step: losses.append(step.losses["features"]),
    )
    assert len(losses) == 2
    assert isinstance(style, Style)
    picture = style(face)
    assert picture.shape == (2, 3, 64, 64)
    assert picture.isfinite().all()
    assert not torch.equal(picture, generator(face))


def test_a_preset_that_does_not_exist():
    with pytest.raises(StyleError, match=r"no preset 'cubism': choose one of default, "):
        preset("cubism")


def test_learning_comes_nearer_to_the_reference(generator, discriminator, reference, latent):
    losses = []
    style = one_shot(
        generator,
        discriminator,
        reference,
        latents=latent,
        settings=OneShot(steps=40, noise="fixed"),
        progress=lambda step: losses.append(step.losses["features"]),
    )
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    distance = FeatureLoss(discriminator, reference, QUICK.blocks, grey=False)
    assert distance(style(latent)) < 0.8 * distance(generator(latent))


def test_everything_in_the_synthesis_network_learns(style):
    wanted = {name for name, _ in style.base.named_parameters() if not name.startswith("style.")}
    assert changed(style) == wanted
    before = dict(style.base.named_buffers())
    assert all(torch.equal(value, before[name]) for name, value in style.tuned.named_buffers())
    assert not any(value.requires_grad for value in style.tuned.parameters())


def test_in_style_space_the_modulation_does_not_learn(generator, discriminator, reference, latent):
    style = one_shot(generator, discriminator, reference, latents=latent, settings=replace(QUICK, space="s"))
    assert changed(style)
    assert not [name for name in changed(style) if "modulation" in name]


def test_the_networks_given_are_left_alone(small_generator, small_discriminator, reference, latent):
    networks = small_generator(64, most=8, train=True), small_discriminator(64, most=8, train=True)
    before = [{name: value.clone() for name, value in network.state_dict().items()} for network in networks]
    one_shot(*networks, reference, latents=latent, settings=QUICK)
    for network, state in zip(networks, before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
        assert all(value.grad is None and value.requires_grad for value in network.parameters())


def test_the_same_seed_learns_the_same(generator, discriminator, reference, latent, face, style):
    again = one_shot(generator, discriminator, reference, latents=latent, settings=QUICK)
    assert torch.equal(again(face), style(face))
    other = one_shot(generator, discriminator, reference, latents=latent, settings=QUICK, seed=1)
    assert not torch.equal(other(face), style(face))


def test_several_references(generator, discriminator, codes, face):
    references = [torch.rand(1, 3, side, side) * 2 - 1 for side in (64, 64, 128)]
    latents = Latent(codes(generator, 3), "w+")
    style = one_shot(generator, discriminator, references, latents=latents, settings=QUICK)
    assert style(face).shape == (2, 3, 64, 64)
    with pytest.raises(StyleError, match="3 references were given with 2 codes"):
        one_shot(generator, discriminator, references, latents=latents[:2], settings=QUICK)
    with pytest.raises(StyleError, match="no reference was given"):
        one_shot(generator, discriminator, [], latents=latents, settings=QUICK)


def test_references_go_through_the_encoder(generator, discriminator, reference, latent, face, style):
    class Encoder(nn.Module):
        def forward(self, images):
            assert images.shape == (1, 3, 256, 256)
            return latent

    found = one_shot(generator, discriminator, reference, encoder=Encoder(), settings=QUICK)
    assert torch.equal(found(face), style(face))
    with pytest.raises(StyleError, match="the references' codes are needed"):
        one_shot(generator, discriminator, reference, settings=QUICK)


def test_cancelled_after_a_step(generator, discriminator, reference, latent, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    steps = []

    def stop(step):
        steps.append(step.preview())
        if step.index == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        one_shot(generator, discriminator, reference, latents=latent, settings=QUICK, progress=stop).save("style.safetensors")
    assert [picture.shape for picture in steps] == [(1, 3, 64, 64)] * 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def resumable(generator, discriminator, reference, latent, tmp_path):
    """Learn in a folder; gives the learned weights and how many steps it took."""

    def learn(of=reference, progress=None, folder=tmp_path / "run", **changes):
        seen = []
        settings = replace(QUICK, **{"steps": 4, **changes})
        style = one_shot(
            generator, discriminator, of, latents=latent, settings=settings, progress=progress or seen.append, folder=folder
        )
        return torch.cat([value.flatten() for value in style.tuned.parameters()]), [step.index for step in seen]

    return learn


def test_a_stopped_training_goes_on_to_the_bit(resumable, tmp_path):
    def stop(step):
        if step.index == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        resumable(progress=stop)
    resumed, steps = resumable()
    assert steps == [3, 4]
    assert torch.equal(resumed, resumable(folder=None)[0])
    assert resumable()[1] == []
    longer, steps = resumable(steps=5)
    assert steps == [5]
    assert torch.equal(longer, resumable(folder=None, steps=5)[0])
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["iteration"] == 5
    assert "style/features" in lines[-1]
    assert (tmp_path / "run" / "samples" / "000000004.png").is_file()


def test_what_can_not_be_resumed(resumable, reference):
    resumable()
    for message, changes in (
        ("4 steps, and 3 were asked for", {"steps": 3}),
        ("other settings .lr 0.01 -> 0.02", {"lr": 0.02}),
        ("the references are not those of the training in this folder", {"of": -reference}),
        ("other settings .decay", {"decay": 0.5}),
    ):
        with pytest.raises(TrainingError, match=message):
            resumable(**changes)


def test_the_preview_shows_progress(generator, discriminator, reference, latent):
    seen = []
    one_shot(
        generator, discriminator, reference, latents=latent, settings=QUICK, progress=lambda step: seen.append(step.preview())
    )
    assert not torch.equal(seen[0], seen[1])
    assert not seen[0].requires_grad


@pytest.mark.parametrize("term", ["reconstruction", "texture"])
def test_a_term_of_ours_comes_nearer_to_the_reference(generator, discriminator, reference, latent, term):
    settings, seen = OneShot(steps=20, lr=0.01, noise="fixed"), {}
    for weight in (0.0, 5.0):
        losses = []
        style = one_shot(
            generator,
            discriminator,
            reference,
            latents=latent,
            settings=replace(settings, **{term: weight}),
            progress=lambda step, losses=losses: losses.append(step.losses),
        )
        seen[weight] = losses, getattr(ReferenceLoss(reference, grey=False), term)(style(latent))
    assert term not in seen[0.0][0][0]
    losses, after = seen[5.0]
    assert losses[-1][term] < losses[0][term]
    assert losses[0]["features"] == seen[0.0][0][0]["features"]
    assert after < 0.95 * seen[0.0][1]


def test_a_smaller_comparison_does_not_see_fine_texture(reference):
    grain = torch.tensor([[0.2, -0.2], [-0.2, 0.2]]).repeat(32, 32)
    every, coarse = (ReferenceLoss(reference, grey=False, scale=scale) for scale in (1, 4))
    assert every.reconstruction(reference + grain) > 0.1
    assert coarse.reconstruction(reference + grain) == pytest.approx(0, abs=1e-6)
    assert coarse.reconstruction(reference + 0.2) == pytest.approx(0.2, abs=1e-6)
    assert coarse.texture(reference + grain) == every.texture(reference + grain) > 0


def test_the_learning_rate_falls_at_the_end():
    falling = OneShot(steps=8, decay=0.5)
    assert [falling.rate(index) for index in range(9)] == [1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0]
    assert {OneShot(steps=8).rate(index) for index in range(9)} == {1.0}


def test_the_second_of_two_falling_steps_is_half_as_long(generator, discriminator, reference, latent):
    def learned(**changes):
        settings = replace(QUICK, **changes)
        style = one_shot(generator, discriminator, reference, latents=latent, settings=settings)
        return torch.cat([value.flatten() for value in style.tuned.parameters()])

    first = learned(steps=1)
    full, falling = learned(steps=2) - first, learned(steps=2, decay=1.0) - first
    assert full.abs().max() > 1e-3
    assert torch.allclose(falling, full / 2, atol=1e-6)


@pytest.mark.parametrize(("term", "least"), [("reconstruction", 0.05), ("texture", 0.003)])
def test_without_colours_the_reference_is_compared_in_grey(reference, term, least):
    grey = greyscale(reference)
    assert getattr(ReferenceLoss(reference, grey=True), term)(grey) == pytest.approx(0, abs=1e-6)
    assert getattr(ReferenceLoss(reference, grey=False), term)(grey) > least


@pytest.mark.parametrize("term", ["reconstruction", "texture"])
def test_presets_of_the_release_and_the_paper_have_no_terms_of_ours(term):
    assert {name for name, settings in PRESETS.items() if getattr(settings, term)} == {"demo"}


def test_identity(generator, discriminator, reference, latent):
    settings = replace(QUICK, identity=0.5)
    with pytest.raises(StyleError, match="needs an identity network"):
        one_shot(generator, discriminator, reference, latents=latent, settings=settings)
    seen = []
    one_shot(
        generator,
        discriminator,
        reference,
        latents=latent,
        settings=settings,
        identity=lambda images: torch.nn.functional.normalize(images[:, 0, ::8, ::8].flatten(1)),
        progress=lambda step: seen.append(step.losses),
    )
    assert seen[0]["identity"] == pytest.approx(0, abs=1e-6), "nothing was learned yet"
    assert seen[-1]["identity"] > 1e-6


def test_identity_is_that_of_the_generator_before_it_learned(generator, discriminator, reference, latent):
    originals = []

    def embed(images):
        if not images.requires_grad:
            originals.append(images)
        return torch.nn.functional.normalize(images[:, 0, ::8, ::8].flatten(1))

    settings = replace(QUICK, identity=0.5, alpha=0.0, noise="fixed", lr=0.1)  # the reference's own code at every step
    one_shot(generator, discriminator, reference, latents=latent, settings=settings, identity=embed)
    assert len(originals) == QUICK.steps
    assert originals[-1].equal(originals[0])


def test_another_network_is_no_identity_network(generator, discriminator, reference, latent):
    with pytest.raises(StyleError, match="needs an ArcFace, and a Linear was given"):
        one_shot(
            generator,
            discriminator,
            reference,
            latents=latent,
            settings=replace(QUICK, identity=0.5),
            identity=nn.Linear(3, 3),
        )


def test_identity_loss():
    def embed(images):
        return torch.nn.functional.normalize(images[:, :2].mean(dim=(2, 3)) - images[:, 2:].mean(dim=(2, 3)) + 1)

    drawn, original = torch.rand(2, 3, 4, 4, requires_grad=True), torch.rand(2, 3, 4, 4, requires_grad=True)
    assert identity_loss(embed, drawn, drawn).item() == pytest.approx(0, abs=1e-6)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 5))
    loss = identity_loss(lambda images: torch.nn.functional.normalize(network(images)), drawn, original)
    a, b = (network(greyscale(images)) for images in (drawn, original))
    assert loss.item() == pytest.approx((1 - torch.cosine_similarity(a, b)).mean().item(), abs=1e-6)
    loss.backward()
    assert drawn.grad is not None
    assert original.grad is None


@pytest.mark.parametrize("loaded_inside", [False, True])
def test_in_inference_mode(small_generator, small_discriminator, reference, latent, face, tmp_path, loaded_inside):
    """As ComfyUI runs nodes."""
    with torch.inference_mode(loaded_inside):
        generator, discriminator = small_generator(64, most=8), small_discriminator(64, most=8)
    with torch.inference_mode():
        generator(face)
        style = one_shot(generator, discriminator, reference * 1, latents=latent[:], settings=replace(QUICK, space="w+"))
        assert torch.equal(style(face, strength=0), generator(face))
        style.save(tmp_path / "style.safetensors")
        loaded = load_style(tmp_path / "style.safetensors", generator)
        assert torch.equal(loaded(face), style(face))
        assert not torch.equal(loaded(face), generator(face))


def test_a_discriminator_of_another_size(generator, small_discriminator, reference, latent):
    with pytest.raises(StyleError, match="32 pixels and the generator at 64"):
        one_shot(generator, small_discriminator(32), reference, latents=latent, settings=QUICK)


def test_latents_of_another_generator(generator, discriminator, reference):
    with pytest.raises(LatentError, match="this generator of 64 pixels"):
        one_shot(generator, discriminator, reference, latents=Latent(torch.zeros(1, 18, 16), "w+"), settings=QUICK)


@pytest.mark.parametrize("broken", ["nan", "shape"])
def test_references_that_are_no_aligned_pictures(generator, discriminator, reference, latent, broken):
    picture = reference.clone() if broken == "nan" else reference[..., :32]
    picture[0, 0, 0, 0] = float("nan") if broken == "nan" else 0
    with pytest.raises(ImageError, match="not finite" if broken == "nan" else r"not \[1, 3, 64, 32\]"):
        one_shot(generator, discriminator, picture, latents=latent, settings=QUICK)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_references_of_any_floating_precision(generator, discriminator, reference, latent, dtype):
    learned = one_shot(generator, discriminator, reference.to(dtype), latents=latent, settings=QUICK)
    assert learned(latent).isfinite().all()


def test_references_that_are_no_pictures(generator, discriminator, reference, latent):
    with pytest.raises(ImageError, match=r"not torch\.uint8"):
        one_shot(generator, discriminator, reference.byte(), latents=latent, settings=QUICK)
    with pytest.raises(ImageError, match="not a str"):
        one_shot(generator, discriminator, ["a.png"], latents=latent, settings=QUICK)


def test_codes_that_are_not_finite(generator, discriminator, reference, latent):
    broken = Latent(latent.codes * float("nan"), latent.space)
    with pytest.raises(StyleError, match="codes are not finite"):
        one_shot(generator, discriminator, reference, latents=broken, settings=QUICK)


def test_a_style_is_learned_under_autocast_as_well(generator, discriminator, reference, latent):
    with torch.autocast("cpu", torch.bfloat16):
        learned = one_shot(generator, discriminator, reference, latents=latent, settings=QUICK)
    assert learned(latent).isfinite().all()


def test_a_loss_that_is_not_finite(generator, discriminator, reference, latent):
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        one_shot(generator, discriminator, reference, latents=latent, settings=replace(QUICK, lr=1e30, steps=9))


def test_a_generator_too_small_for_the_rows(small_generator, small_discriminator, codes):
    generator = small_generator(16)
    latents = Latent(codes(generator, 1), "w+")
    picture = torch.zeros(1, 3, 16, 16)
    with pytest.raises(StyleError, match="choose from 0 to 5"):
        one_shot(generator, small_discriminator(16), picture, latents=latents, settings=QUICK)
    one_shot(generator, small_discriminator(16), picture, latents=latents, settings=replace(QUICK, rows=(4, 5)))


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"alpha": 1.5},
            {"virtual": -0.1},
            {"reconstruction": -0.1},
            {"decay": 1.5},
            {"reconstruction": float("nan")},
            {"reconstruction_scale": 0},
            {"steps": 0},
            {"lr": 0.0},
            {"rows": (-1, 3)},
            {"space": "w"},
            {"noise": "fresh"},
        ),
        *({"lr": float("nan")}, {"betas": (1.0, 0.9)}, {"identity": -1.0}, {"blocks": (-1,)}),
    ],
)
def test_settings_that_make_no_sense(changes):
    with pytest.raises(StyleError, match=next(iter(changes))):
        OneShot(**changes)


def test_swapped_rows():
    assert OneShot().swapped_rows(18) == tuple(range(7, 18))
    assert OneShot().swapped_rows(10) == (7, 8, 9)
    assert OneShot(keep_color=True).swapped_rows(18) == (9, 11, 15, 16, 17)
    assert OneShot(keep_color=True).swapped_rows(14) == (9, 11)
    assert OneShot(rows=(3, 20), keep_color=True).swapped_rows(18) == (3,)


def test_mixed_rows():
    codes, others = torch.zeros(2, 6, 4), torch.ones(2, 6, 4)
    assert mix_rows(codes, others, [1, 4], 1.0)[..., 0].tolist() == [[0, 1, 0, 0, 1, 0]] * 2
    assert mix_rows(codes, others, [1], 0.25)[..., 0].tolist() == [[0, 0.25, 0, 0, 0, 0]] * 2
    assert torch.equal(mix_rows(codes, others, [], 1.0), codes)
    assert not codes.any(), "the codes were changed in place"


def random_z(generator, count, seed=0):
    return generator.sample_z(count, torch.Generator().manual_seed(seed))


def test_mask_in_w_plus(generator, codes):
    """Styles of kept rows are the reference's; every other one changes with the draw."""
    reference = codes(generator, 2)
    mixer = Mixer(generator, reference, OneShot())
    own = generator.styles(reference)
    drawn = [mixer.styles(generator, random_z(generator, 2, seed)) for seed in (0, 1)]
    for row, kept, first, second in zip(generator.rows, own, *drawn, strict=True):
        assert torch.equal(first, kept) == (row < 7)
        assert torch.equal(first, second) == (row < 7)
        if row >= 7:
            assert not torch.equal(first[0], first[1]), "each reference has a random face of its own"


@pytest.mark.parametrize("keep_color", [False, True])
def test_mask_in_style_space(small_generator, codes, keep_color):
    generator = small_generator(256, most=4, multiplier=32)
    reference = codes(generator, 1)
    mixer = Mixer(generator, reference, OneShot(space="s", keep_color=keep_color))
    own, mixed = generator.styles(reference), mixer.styles(generator, random_z(generator, 1))
    swapped = [not torch.equal(a, b) for a, b in zip(own, mixed, strict=True)]
    for layer, row, other in zip(generator.layers, generator.rows, swapped, strict=True):
        rows = (9, 11) if keep_color else range(7, 14)
        assert other == (row in rows and not (keep_color and isinstance(layer, ToRGB)))
    assert not any(style.requires_grad for style in mixed)


def test_alpha_zero_mixes_nothing(generator, codes):
    reference = codes(generator, 1)
    for space in ("w+", "s"):
        mixed = Mixer(generator, reference, OneShot(alpha=0.0, space=space)).styles(generator, random_z(generator, 1))
        assert all(torch.equal(a, b) for a, b in zip(mixed, generator.styles(reference), strict=True))


def test_training_codes(generator, codes):
    reference = codes(generator, 2)
    assert torch.equal(training_codes(generator, reference, OneShot()), reference)
    extreme = training_codes(generator, reference, OneShot(extreme=True))
    assert torch.equal(extreme, generator.w_avg.expand_as(reference))
    virtual = training_codes(generator, reference, OneShot(virtual=0.25, virtual_rows=(7, 9, 11)))
    for row in range(generator.num_layers):
        wanted = reference[:, row] if row not in (7, 9) else 0.75 * reference[:, row] + 0.25 * generator.w_avg
        assert torch.allclose(virtual[:, row], wanted, atol=1e-6)


def test_feature_loss(discriminator, reference):
    other = reference.flip(-1)
    blocks = (1, 3, 4, 5)  # this discriminator has no fifth block
    pairs = zip(discriminator.features(other, [1, 3, 4]), discriminator.features(reference, [1, 3, 4]), strict=True)
    wanted = sum((a - b).abs().mean() for a, b in pairs) / 3
    loss = FeatureLoss(discriminator, reference, blocks, grey=False)
    assert loss(other).item() == pytest.approx(wanted.item(), rel=1e-5)
    assert loss(reference).item() == 0
    with pytest.raises(StyleError, match=r"has 5 blocks, none of \(7,\)"):
        FeatureLoss(discriminator, reference, (7,), grey=False)


def test_grey_pictures_are_compared_without_colour(discriminator, reference):
    grey = greyscale(reference)
    assert torch.allclose(grey[:, 0], 0.299 * reference[:, 0] + 0.587 * reference[:, 1] + 0.114 * reference[:, 2], atol=1e-6)
    assert torch.equal(grey[:, 0], grey[:, 2])
    # a colour of no luminance
    shift = torch.tensor([0.587, -0.299, 0.0]).view(1, 3, 1, 1)
    assert FeatureLoss(discriminator, reference, (1, 3), grey=True)(reference + shift) < 1e-5
    assert FeatureLoss(discriminator, reference, (1, 3), grey=False)(reference + shift) > 1e-2


def test_kept_colours_get_no_pull_from_the_references_colours(generator, discriminator, reference, latent, face):
    shift = torch.tensor([0.587, -0.299, 0.0]).view(1, 3, 1, 1)
    settings = replace(PRESETS["keep-color"], steps=1, noise="fixed")
    losses = []
    for picture in (reference, reference + shift):
        one_shot(
            generator,
            discriminator,
            picture,
            latents=latent,
            settings=settings,
            progress=lambda step: losses.append(step.losses["features"]),
        )
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_ends_of_strength(style, generator, face):
    assert torch.equal(style(face, strength=0), generator(face))
    assert torch.equal(style(face, strength=0.0), generator(face))
    assert torch.equal(style(face), style.tuned(face))
    assert torch.equal(style(face, strength=1), style.tuned(face))


def test_strength_for_each_resolution(style, generator, face, relative_error):
    stages = 5
    assert relative_error(style(face, strength=[0] * stages), generator(face)) < 1e-5
    assert relative_error(style(face, strength=[1] * stages), style.tuned(face)) < 1e-5
    assert torch.equal(style(face, strength=[0.3] * stages), style(face, strength=0.3))
    assert not torch.equal(style(face, strength=[1, 1, 0, 0, 0]), style(face, strength=[0, 0, 0, 1, 1]))
    with pytest.raises(StyleError, match=r"4 strengths were given.*5 resolutions"):
        style(face, strength=[1] * 4)


@pytest.mark.parametrize("strength", [float("nan"), 1.5, -0.1, "x", None, [0.5, 2, 0, 0, 0]])
def test_strengths_that_make_no_sense(style, face, strength):
    with pytest.raises(StyleError, match=r"from 0 \(the plain face\) to 1"):
        style(face, strength=strength)


def test_strength_grows(style, generator, face):
    """Each step takes the picture further from the plain face, without a jump at either end."""
    pictures = [style(face, strength=amount / 8) for amount in range(9)]
    away = [float((picture - pictures[0]).square().mean().sqrt()) for picture in pictures]
    assert away == sorted(away)
    steps = [float((b - a).square().mean().sqrt()) for a, b in itertools.pairwise(pictures)]
    assert max(steps) < 0.5 * away[-1]


def test_noise_of_the_picture(style, face):
    def draw(seed):
        return style(face, strength=0.5, noise="random", rng=torch.Generator().manual_seed(seed))

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))


def test_a_face_in_every_space(style, generator):
    z = torch.randn(1, 16)
    wanted = style(Latent(generator.broadcast(generator.mapping(z)), "w+"))
    assert torch.allclose(style(Latent(z, "z")), wanted, atol=1e-5)


def test_random_faces(style, generator):
    plain, drawn = style.sample(3, rng=torch.Generator().manual_seed(0))
    again = style.sample(3, rng=torch.Generator().manual_seed(0))
    assert torch.equal(plain, again[0])
    assert torch.equal(drawn, again[1])
    assert plain.shape == drawn.shape == (3, 3, 64, 64)
    w = generator.mapping(generator.sample_z(3, torch.Generator().manual_seed(0)))
    latent = Latent(generator.truncate(w, 0.7), "w")
    assert torch.equal(plain, generator(latent))
    assert torch.equal(drawn, style(latent))
    mean, _ = style.sample(2, psi=0)
    assert torch.allclose(mean[0], mean[1], atol=1e-5)


def test_saved_and_loaded(style, generator, face, tmp_path):
    style.save(tmp_path / "style.safetensors")
    loaded = load_style(tmp_path / "style.safetensors", generator)
    assert isinstance(loaded, JoJoStyle)
    assert loaded.settings == style.settings
    assert torch.equal(loaded(face), style(face))
    assert torch.equal(loaded(face, strength=0.4), style(face, strength=0.4))
    assert [entry.name for entry in tmp_path.iterdir()] == ["style.safetensors"]


@pytest.mark.parametrize("space", ["w+", "s"])
def test_the_file_holds_what_changed(generator, discriminator, reference, latent, tmp_path, space):
    settings = replace(QUICK, space=space, rows=(8, 9))
    style = one_shot(generator, discriminator, reference, latents=latent, settings=settings)
    style.save(tmp_path / "style.safetensors", name="tiny faces")
    with safe_open(tmp_path / "style.safetensors", framework="pt") as file:
        facts = json.loads(file.metadata()["pastiche.style"])
        assert set(file.keys()) == changed(style)
    assert facts["method"] == "jojogan"
    assert facts["base"] == fingerprint(generator)
    assert facts["base_name"] == "tiny faces"
    assert load_style(tmp_path / "style.safetensors", generator).settings == settings


def test_differences_in_half_precision(style, generator, face, tmp_path, relative_error):
    style.save(tmp_path / "full.safetensors")
    style.save(tmp_path / "half.safetensors", half=True)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.75 * sizes[1]
    loaded = load_style(tmp_path / "half.safetensors", generator)
    error = float((loaded(face) - style(face)).abs().max())
    assert 0 < error < 1 / 255


def test_files_from_before_reconstruction_was_a_setting(style, generator, tmp_path):
    path = tmp_path / "style.safetensors"
    style.save(path)
    with safe_open(path, framework="pt") as file:
        settings = json.loads(file.metadata()["pastiche.style"])["settings"]
    del settings["reconstruction"]
    rewritten(path, settings=settings)
    assert load_style(path, generator).settings == style.settings


def test_another_base_generator(style, small_generator, generator, tmp_path):
    style.save(tmp_path / "style.safetensors", name="tiny faces")
    other = small_generator(64, most=8, seed=9)
    with pytest.raises(StyleError) as caught:
        load_style(tmp_path / "style.safetensors", other)
    for part in ("style.safetensors", "tiny faces", fingerprint(generator)[:12], fingerprint(other)[:12]):
        assert part in str(caught.value)


def test_the_fingerprint_is_of_the_weights(small_generator):
    one, same, other = small_generator(8), small_generator(8), small_generator(8, seed=1)
    same.w_avg.add_(1)
    same.noises.noise_0.add_(1)
    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint(other)
    same.to_rgb1.bias.data[0, 0] += 1e-6
    assert fingerprint(one) != fingerprint(same)


def rewritten(path, *, tensors=None, **facts):
    """The file at `path` with something changed."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["pastiche.style"])
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file({**stored, **(tensors or {})}, path, {"pastiche.style": json.dumps({**header, **facts})})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tensors": {"nothing.weight": torch.zeros(1)}}, "nothing.weight"),
        ({"tensors": {"to_rgb1.bias": torch.zeros(1, 4, 1, 1)}}, "to_rgb1.bias"),
        ({"settings": {"steps": 3, "magic": 1}}, "magic"),
        ({"settings": {"steps": 0}}, "steps"),
        ({"settings": None}, "settings"),
        ({"base": None}, "learned on another generator"),
        ({"method": "cubism"}, "the method 'cubism', which this version does not support"),
    ],
)
def test_files_that_were_changed(style, generator, tmp_path, change, message):
    path = tmp_path / "style.safetensors"
    style.save(path)
    rewritten(path, **change)
    with pytest.raises(StyleError, match=message):
        load_style(path, generator)


def test_files_that_are_no_styles(generator, tmp_path):
    path = tmp_path / "other.safetensors"
    with pytest.raises(StyleError, match=r"other\.safetensors can't be read as a style"):
        load_style(path, generator)
    path.write_bytes(b"garbage" * 9)
    with pytest.raises(StyleError, match="can't be read as a style"):
        load_style(path, generator)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(StyleError, match="not a style saved by Pastiche"):
        load_style(path, generator)
    for header in ("not json", "[1]", '{"no": "method"}', '{"method": ["jojogan"]}', "[" * 100_000):
        save_file({"x": torch.zeros(1)}, path, {"pastiche.style": header})
        with pytest.raises(StyleError, match=r"other\.safetensors"):
            load_style(path, generator)
