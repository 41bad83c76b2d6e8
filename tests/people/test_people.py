"""People in memory, in files, and in styles of every method, on small random networks."""

import json
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pastiche import PivotalTuning, StyleError, Tuned, tune
from pastiche.editing import StyleBlend
from pastiche.inversion import COARSE_TO_FINE
from pastiche.jojogan import PRESETS, JoJoStyle, OneShot
from pastiche.latents import Latent
from pastiche.people import Personal, PersonalStyle, expect_personal, on
from pastiche.people.composition import ADDED, WithPerson, person_shares, stylized_person
from pastiche.style_protocol import Style
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.stylegan2.synthesis_layers import ToRGB


def moved(generator, seed, amount=0.1):
    """A generator as fine-tuning leaves it: its synthesis network differs."""
    rng = torch.Generator().manual_seed(seed)
    copy = deepcopy(generator)
    for name, value in copy.named_parameters():
        if not name.startswith("style."):
            value.data.add_(amount * torch.randn(value.shape, generator=rng))
    return copy


@pytest.fixture(scope="module")
def generator(small_generator):
    return small_generator(64, most=8)


@pytest.fixture(scope="module")
def latent(generator, codes):
    return Latent(codes(generator, 2, seed=4), "w+")


@pytest.fixture(scope="module")
def person(generator, latent):
    return Tuned(latent, moved(generator, 1), generator)


@pytest.fixture(scope="module")
def style(generator):
    return JoJoStyle(generator, moved(generator, 2), OneShot())


def test_between_the_generator_and_the_person(person):
    assert person.at(0) is person.base
    assert person.at(1) is person.generator
    half = person.at(0.5)
    for found, before, after in zip(half.parameters(), person.base.parameters(), person.generator.parameters(), strict=True):
        assert torch.allclose(found, (before + after) / 2, atol=1e-6)


def test_saved_and_loaded(person, generator, latent, tmp_path, relative_error):
    path = tmp_path / "me.safetensors"
    person.save(path, name="small")
    loaded = Tuned.load(path, generator)
    assert torch.equal(loaded.latent.codes, latent.codes)
    assert loaded.base is generator
    assert relative_error(loaded.generator(latent), person.generator(latent)) < 1e-2
    assert not any(value.requires_grad for value in loaded.generator.parameters())


def test_the_file_holds_what_changed_in_half_precision(person, tmp_path):
    path = tmp_path / "me.safetensors"
    person.save(path)
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        assert json.loads(file.metadata()["pastiche.person"])["base_name"] == "a Generator of 64 pixels"
    assert not any("style." in name for name in tensors), "the mapping network did not change"
    assert {value.dtype for name, value in tensors.items() if name != "codes"} == {torch.float16}


def test_another_generator(person, small_generator, tmp_path):
    path = tmp_path / "me.safetensors"
    person.save(path, name="small")
    with pytest.raises(StyleError, match=r"tuned on another generator \(small, fingerprint"):
        Tuned.load(path, small_generator(64, most=8, seed=5))


def test_files_that_are_no_people(person, style, generator, tmp_path):
    path = tmp_path / "file.safetensors"
    with pytest.raises(StyleError, match="can't be read"):
        Tuned.load(path, generator)
    style.save(path)
    with pytest.raises(StyleError, match="not a person saved by Pastiche"):
        Tuned.load(path, generator)
    person.save(path)
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = file.metadata()
    save_file({**tensors, "difference.input.input": torch.zeros(1, 2, 4, 4)}, path, header)
    with pytest.raises(StyleError, match=r"input\.input does not fit"):
        Tuned.load(path, generator)
    save_file({name: value for name, value in tensors.items() if name != "codes"}, path, header)
    with pytest.raises(StyleError, match="codes do not fit"):
        Tuned.load(path, generator)


def test_the_ends_of_likeness_and_strength(style, person, latent):
    assert torch.equal(style.on(person, 0)(latent), style(latent)), "likeness 0 is the style alone"
    assert torch.equal(style.on(person, 0)(latent, strength=0), person.base(latent))
    assert torch.equal(style.on(person, 1)(latent, strength=0), person.generator(latent)), "the person's own tuned picture"
    assert torch.equal(style.on(person, 0.5)(latent, strength=0), person.at(0.5)(latent))


def test_likeness_grows(style, person, latent):
    plain = style(latent)
    steps = [float((style.on(person, likeness)(latent) - plain).square().mean()) for likeness in (0, 0.3, 0.6, 1)]
    assert steps == sorted(steps)
    assert steps[0] == 0 < steps[1]


def test_shapes_are_the_persons_and_the_palette_the_styles(style, person):
    mixed = stylized_person(style.tuned, person, 1.0)
    owners = []
    for found, of_style, of_person in zip(mixed.layers, style.tuned.layers, person.generator.layers, strict=True):
        same = [
            all(torch.equal(a, b) for a, b in zip(found.parameters(), other.parameters(), strict=True))
            for other in (of_style, of_person)
        ]
        owners.append("style" if same[0] else "person" if same[1] else "both")
        assert owners[-1] == "style" or not isinstance(found, ToRGB)
    convs = [owner for owner, layer in zip(owners, mixed.layers, strict=True) if not isinstance(layer, ToRGB)]
    assert convs == ["person"] * 3 + ["both"] * 2 + ["style"] * 4  # 4 and 8 pixels; 16; 32 and 64
    assert all(torch.equal(a, b) for a, b in zip(mixed.style.parameters(), person.base.style.parameters(), strict=True))


def test_kept_colours_are_the_persons(style, person):
    """The preset keep-color leaves a photo's colours alone, and these are in the to-RGB layers that were tuned to it."""
    keeping = JoJoStyle(style.base, style.tuned, PRESETS["keep-color"]).on(person, 1).style
    for found, theirs in zip(keeping.tuned.layers, person.generator.layers, strict=True):
        if isinstance(found, ToRGB):
            assert all(torch.equal(a, b) for a, b in zip(found.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize(
    ("resolution", "shares"),
    [(8, [0, 0]), (32, [1, 0.5, 0, 0]), (256, [1, 1, 1, 1, 0.5, 0, 0]), (1024, [1, 1, 1, 1, 1, 1, 0.5, 0, 0])],
)
def test_the_border_moves_with_the_size(resolution, shares):
    assert person_shares(resolution) == shares


def test_nothing_overshoots(style, person):
    """Every parameter lies between the style's and the person's, where a sum of both changes lies beyond."""
    mixed = stylized_person(style.tuned, person, 0.7)
    for found, a, b in zip(mixed.parameters(), style.tuned.parameters(), person.generator.parameters(), strict=True):
        assert (found >= torch.minimum(a, b) - 1e-6).all()
        assert (found <= torch.maximum(a, b) + 1e-6).all()


def test_strengths_for_each_resolution(style, person, latent):
    strengths = [1.0, 0.5, 0.0, 1.0, 1.0]
    found = style.on(person, 0.6)(latent, strength=strengths)
    assert found.shape == (2, 3, 64, 64)
    assert not torch.allclose(found, style(latent, strength=strengths), atol=1e-3)


def test_what_was_given_stays_as_it_was(style, person, latent):
    nets = (style.base, style.tuned, person.generator)
    before = [value.clone() for net in nets for value in net.parameters()]
    style.on(person, 0.6)(latent)
    assert all(torch.equal(a, b) for a, b in zip(before, (v for net in nets for v in net.parameters()), strict=True))


def test_in_inference_mode(style, person, latent):
    with torch.inference_mode():
        images = style.on(person, 0.6)(latent)
    assert torch.allclose(images, style.on(person, 0.6)(latent), atol=1e-6)


def test_a_style_on_a_person_is_a_style(style, person, tmp_path):
    personal = on(style, person, 0.6)
    assert isinstance(personal, Style)
    assert isinstance(personal, PersonalStyle)
    assert isinstance(style, Personal)
    with pytest.raises(StyleError, match="save the style and the person"):
        personal.save(tmp_path / "style.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("likeness", [-0.1, 1.1, float("nan"), "0.6"])
def test_likeness_that_makes_no_sense(style, person, likeness):
    with pytest.raises(StyleError, match="expected a number from 0"):
        style.on(person, likeness)


def test_a_person_of_another_generator(style, person, small_generator, latent):
    other = small_generator(64, most=8, seed=5)
    with pytest.raises(StyleError, match="tuned on another generator than the one"):
        style.on(Tuned(latent, moved(other, 1), other), 0.6)


def test_the_same_generator_loaded_twice(style, person, small_generator, latent):
    again = small_generator(64, most=8)
    assert again is not style.base
    same = style.on(Tuned(latent, person.generator, again), 0.6)(latent)
    assert torch.equal(same, style.on(person, 0.6)(latent))


def test_a_style_that_keeps_nobody(style):
    with pytest.raises(StyleError, match="StyleBlend has no way to keep it"):
        expect_personal(StyleBlend([style, style]))


def test_steps_go_from_small_to_large(small_generator, small_discriminator, codes):
    generator, seen = small_generator(32), []
    pivot = Latent(codes(generator, 1), "w+")
    settings = PivotalTuning(steps=8, lr=1e-2, decay=0.5, coarse=(0.5, 0.25), reconstruction=1.0)
    target = 0.5 * generator(pivot) + 0.2
    tuned = tune(target, generator, pivot, discriminator=small_discriminator(32), settings=settings, progress=seen.append)
    assert [step.preview().shape[-1] for step in seen] == [8] * 4 + [16] * 2 + [32] * 2
    assert [set(step.losses) for step in seen] == [{"squares", "reconstruction"}] * 6 + [
        {"squares", "reconstruction", "distance"}
    ] * 2
    assert (tuned.generator(pivot) - target).square().mean() < (generator(pivot) - target).square().mean()
    assert tuned.base is generator


def test_where_nothing_is_to_learn_small_sizes_learn_nothing(small_generator, small_discriminator, codes):
    """Their target leaves out what the layers above them add."""
    generator, seen = small_generator(32), []
    pivot = Latent(codes(generator, 1), "w+")
    settings = PivotalTuning(steps=4, lr=1e-9, coarse=(0.5, 0.5))
    tune(generator(pivot), generator, pivot, discriminator=small_discriminator(32), settings=settings, progress=seen.append)
    assert all(step.losses["squares"] < 1e-9 for step in seen)


def test_the_learning_rate_falls_at_the_end():
    rates = [PivotalTuning(steps=10, lr=1.0, decay=0.4).rate(step) for step in range(10)]
    assert rates[:7] == [1.0] * 7
    assert rates[7:] == pytest.approx([0.75, 0.5, 0.25])
    assert PivotalTuning(steps=10, lr=1.0).rate(9) == 1.0


def test_no_size_is_too_small(small_generator, small_discriminator, codes):
    generator, seen = small_generator(8), []
    pivot = Latent(codes(generator, 1), "w+")
    settings = replace(COARSE_TO_FINE, steps=4, coarse=(0.25, 0.25, 0.25))
    tune(
        torch.zeros(1, 3, 8, 8), generator, pivot, discriminator=small_discriminator(8), settings=settings, progress=seen.append
    )
    assert [step.preview().shape[-1] for step in seen] == [8, 8, 4, 8]


@pytest.mark.slow
def test_full_size(tmp_path):
    """1024 pixels and the published channels: shapes, and a file of half a generator."""
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(resolution=1024)).eval().requires_grad_(False)
    latent = Latent(generator.broadcast(generator.mapping(torch.randn(1, 512))), "w+")
    settings = PivotalTuning(steps=3, lr=1e-3, coarse=(0.34, 0.33), reconstruction=1.0)
    discriminator = Discriminator(DiscriminatorConfig(resolution=1024, channels={2**power: 4 for power in range(2, 11)}))
    person = tune(torch.zeros(1, 3, 1024, 1024), generator, latent, discriminator=discriminator, settings=settings)
    style = JoJoStyle(generator, moved(generator, 2, 0.01), OneShot())
    picture = style.on(person, 0.6)(latent)
    assert picture.shape == (1, 3, 1024, 1024)
    assert picture.isfinite().all()
    path = tmp_path / "me.safetensors"
    person.save(path)
    parameters = sum(value.numel() for name, value in generator.named_parameters() if not name.startswith("style."))
    assert path.stat().st_size < 2.01 * parameters


def test_a_generator_of_styles_gets_the_persons_shapes(person, generator):
    """Brushwork and palette stay as they were."""
    drawn = WithPerson(generator, person, 0.5).styled
    stages = zip(person_shares(64), *(each.stages() for each in (drawn, generator, person.generator)), strict=True)
    for share, (convs, color), (before, kept), (tuned, _) in stages:
        for found, was, theirs in zip(convs, before, tuned, strict=True):
            added = 0.5 * ADDED * share * (theirs.conv.weight - was.conv.weight)
            assert torch.allclose(found.conv.weight, was.conv.weight + added, atol=1e-6)
        assert torch.equal(color.conv.weight, kept.conv.weight)


def test_strength_leads_from_the_plain_person_to_the_styles(person, generator, latent):
    both = WithPerson(generator, person, 0.8)
    frames = [both.at(strength)(latent) for strength in (0, 0.05, 0.5, 0.95, 1)]
    assert torch.equal(frames[0], person.at(0.8)(latent))
    assert torch.equal(frames[-1], both.styled(latent))
    whole = (frames[-1] - frames[0]).norm()
    assert 0 < (frames[1] - frames[0]).norm() < 0.3 * whole
    assert 0 < (frames[4] - frames[3]).norm() < 0.3 * whole
    assert both.at(0.5) is both.at(0.5)
