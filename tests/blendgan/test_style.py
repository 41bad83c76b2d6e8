"""Styles that are codes."""

from copy import deepcopy

import pytest
import torch
from safetensors.torch import load_file, save_file

from pastiche.blendgan import INDICATOR, BlendStyle
from pastiche.errors import ImageError, StyleError
from pastiche.latents import Latent
from pastiche.people import Tuned
from pastiche.style_protocol import Style, load_style


@pytest.fixture
def style(generator, draw):
    return BlendStyle(generator, draw(10), indicator=2)


@pytest.fixture
def latent(generator, draw):
    return Latent(generator.mapping(draw(2, 8, 16)), "w+")


def test_it_is_a_style(style):
    assert isinstance(style, Style)


def test_a_call_is_the_generator_s_synthesis(generator, style, latent):
    wanted = generator.synthesis(latent.codes, style.code[None], indicator=2)
    assert torch.equal(style(latent), wanted)
    everywhere = generator.synthesis(latent.codes, style.code[None], indicator=0)
    assert torch.equal(style(latent, indicator=0), everywhere)


def test_strength(generator, style, latent):
    for wrong in (float("nan"), -0.1, 1.5):
        with pytest.raises(StyleError, match="strength is"):
            style(latent, strength=wrong)
    natural = generator.synthesis(latent.codes)
    assert torch.equal(style(latent, strength=0), natural)
    assert torch.equal(style(latent, indicator=8), natural)
    distances = [(style(latent, strength=amount) - natural).abs().mean() for amount in (0.3, 0.6, 1.0)]
    assert distances[0] < distances[1] < distances[2]


def test_latents_of_every_space(generator, style, draw):
    z = Latent(draw(1, 16), "z")
    assert torch.equal(style(z), style(generator.to_w_plus(z)))


def test_a_change_of_the_embedding_shows(generator, draw, latent):
    generator = deepcopy(generator)
    style = BlendStyle(generator, draw(10), indicator=2)
    style(latent)
    generator.embedding[1].weight.data.neg_()
    assert torch.equal(style(latent), BlendStyle(generator, draw(10), indicator=2)(latent))


def test_from_a_reference(generator, style_encoder, draw):
    image = draw(1, 3, 256, 256).tanh()
    style = BlendStyle.from_reference(generator, style_encoder, image, 3)
    assert torch.equal(style.code, style_encoder(image)[0])
    assert style.indicator == 3
    with pytest.raises(StyleError, match="read from one picture, not 2"):
        BlendStyle.from_reference(generator, style_encoder, image.expand(2, -1, -1, -1))
    with pytest.raises(ImageError):
        BlendStyle.from_reference(generator, style_encoder, image[:, :1])


def test_from_a_seed(generator):
    first, second, other = (BlendStyle.from_seed(generator, seed) for seed in (1, 1, 2))
    assert torch.equal(first.code, second.code)
    assert not torch.equal(first.code, other.code)
    assert first.indicator == INDICATOR == 6


def test_between_two_styles(generator, draw, latent):
    a, b = BlendStyle(generator, draw(10), 0), BlendStyle(generator, draw(10, seed=3), 4)
    for t, end in ((0, a), (1, b)):
        assert torch.equal(BlendStyle.between(a, b, t)(latent), end(latent))
    middle = BlendStyle.between(a, b, 0.25)
    torch.testing.assert_close(middle.code, 0.75 * a.code + 0.25 * b.code)
    assert middle.indicator == 1


def test_a_film_between_indicators_has_no_jump(generator, draw, latent):
    a, b = BlendStyle(generator, draw(10), 0), BlendStyle(generator, draw(10), 8)
    frames = torch.stack([BlendStyle.between(a, b, step / 80)(latent) for step in range(81)])
    steps = frames.diff(dim=0).abs().mean(dim=(1, 2, 3, 4))
    assert steps.max() < (frames[-1] - frames[0]).abs().mean() / 4


def test_between_styles_of_two_generators(generator, style, draw):
    other = BlendStyle(type(generator)(generator.config).requires_grad_(False), draw(10), 2)
    with pytest.raises(StyleError, match="belong to different generators"):
        BlendStyle.between(style, other, 0.5)


def test_samples(style, generator):
    natural, styled = style.sample(2, rng=torch.Generator().manual_seed(0))
    z = generator.sample_z(2, torch.Generator().manual_seed(0))
    latent = Latent(generator.truncate(generator.mapping(z), 0.75), "w")
    assert torch.equal(natural, generator(latent))
    assert torch.equal(styled, style(latent))


def test_a_style_made_in_inference_mode_serves_an_optimisation(generator, draw):
    with torch.inference_mode():
        style = BlendStyle(generator, draw(10), 2)
    faces = draw(1, 8, 12).requires_grad_()
    generator.synthesis(generator.blend(faces, style.w, 2)).sum().backward()
    assert faces.grad is not None


def test_what_does_not_fit(generator, draw):
    with pytest.raises(StyleError, match=r"takes style codes \[N, 10\], not \[1, 7\]"):
        BlendStyle(generator, draw(7))
    with pytest.raises(StyleError, match="the indicator is 9"):
        BlendStyle(generator, draw(10), indicator=9)


def test_saved_and_loaded(generator, style, latent, tmp_path):
    style.save(tmp_path / "a.safetensors")
    again = load_style(tmp_path / "a.safetensors", generator)
    assert isinstance(again, BlendStyle)
    assert again.indicator == 2
    assert torch.equal(again(latent), style(latent))


def test_another_generator(generator, style, small_generator, tmp_path):
    style.save(tmp_path / "a.safetensors", name="blendgan.pt")
    other = type(generator)(generator.config).requires_grad_(False)
    for wrong in (other, small_generator()):
        with pytest.raises(StyleError, match=r"learned on another generator \(blendgan\.pt"):
            load_style(tmp_path / "a.safetensors", wrong)


def test_a_damaged_file(generator, style, tmp_path):
    from safetensors import safe_open

    path = tmp_path / "a.safetensors"
    style.save(path)
    with safe_open(path, "pt") as file:
        header = file.metadata()
    code = load_file(path)["code"]
    for tensors, complaint in (({"kode": code}, "is damaged"), ({"code": code[:4].clone()}, r"not \[1, 4\]")):
        save_file(tensors, path, header)
        with pytest.raises(StyleError, match=complaint):
            load_style(path, generator)


def test_on_a_person(generator, style, latent):
    """The same code; see `people.composition` for the generator."""
    moved = deepcopy(generator)
    with torch.no_grad():
        moved.input.input.mul_(1.5)
    person = Tuned(latent, moved, generator)
    personal = style.on(person, 0.6)
    assert torch.equal(style.on(person, 0)(latent), style(latent))
    assert torch.equal(personal(latent), BlendStyle(personal.style.generator, style.code, indicator=2)(latent))
    assert torch.equal(personal(latent, strength=0), person.at(0.6).synthesis(latent.codes))
    with pytest.raises(StyleError, match="strength is 2"):
        personal(latent, strength=2)
    with pytest.raises(StyleError, match="tuned on another generator"):
        style.on(Tuned(latent, generator, moved), 0.5)
