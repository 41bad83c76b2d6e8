"""AgileGAN's generator and style on networks of a few channels."""

import json
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pastiche.agilegan import AgileConfig, AgileGenerator, AttributeStyle
from pastiche.agilegan.mixture import mixture
from pastiche.bench.published import agilegan as published
from pastiche.errors import LatentError, StyleError
from pastiche.latents import Latent
from pastiche.people import Personal, Tuned
from pastiche.people.composition import ADDED
from pastiche.style_protocol import Style, load_style
from pastiche.stylegan2 import Generator, published_channels


def build(attributes=("female", "male"), split=32, resolution=64, seed=0):
    torch.manual_seed(seed)
    channels = published_channels(resolution, base=32, most=8)
    config = AgileConfig(
        resolution=resolution, channels=channels, z_dim=16, w_dim=16, mapping_layers=2, split=split, attributes=attributes
    )
    generator = AgileGenerator(config).eval()
    for name, value in generator.named_parameters():
        if name.endswith(("bias", "noise.weight")):
            value.data.add_(0.3 * torch.randn_like(value))
    return generator.requires_grad_(False)


@pytest.fixture(scope="module")
def generator():
    return build()


@pytest.fixture(scope="module")
def source(generator):
    """A generator of the same sizes."""
    torch.manual_seed(7)
    return Generator(generator.config.path).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def style(generator, source):
    return AttributeStyle(generator, source)


@pytest.fixture(scope="module")
def w_plus(generator, codes):
    return codes(generator, 2)


@pytest.fixture(scope="module")
def face(w_plus):
    return Latent(w_plus, "w+")


@pytest.mark.parametrize("attributes", [("all",), ("female", "male"), ("a", "b", "c")])
@pytest.mark.parametrize("split", [8, 32, 64])
@pytest.mark.parametrize("noise", ["fixed", "random"])
def test_all_paths_at_once(codes, relative_error, attributes, split, noise):
    generator = build(attributes, split)
    w_plus = codes(generator)

    def rng():
        return torch.Generator().manual_seed(3)

    images = generator.synthesis(w_plus, path=None, noise=noise, rng=rng())
    assert len(images) == generator.paths == len(attributes)
    for path, image in enumerate(images):
        alone = generator.synthesis(w_plus, path=path, noise=noise, rng=rng())
        assert relative_error(image, alone) < 1e-5
    for one, other in zip(images[1:], images, strict=False):
        assert relative_error(one, other) > 0.1


def test_a_path_is_a_plain_generator(generator, w_plus):
    for index in range(2):
        path = generator.path(index)
        assert type(path) is Generator
        assert path.config == generator.config.path
        assert torch.equal(path.synthesis(w_plus), generator.synthesis(w_plus, path=index))
        own = {id(parameter) for parameter in generator.parameters()}
        assert all(id(parameter) in own for parameter in path.parameters()), "a path has no parameters of its own"
    assert torch.equal(generator.synthesis(w_plus), generator.synthesis(w_plus, path=0))
    assert torch.equal(generator(Latent(w_plus, "w+")), generator.synthesis(w_plus))


def test_what_the_paths_share(generator):
    first, second = (dict(generator.path(index).named_parameters()) for index in range(2))
    assert first.keys() == second.keys()
    own = {name for name in first if first[name] is not second[name]}
    assert own == {
        name
        for name in first
        if name.startswith(tuple(f"convs.{k}." for k in range(6)) + tuple(f"to_rgbs.{k}." for k in range(3)))
    }


def test_paths_that_are_not_there(generator, w_plus):
    for path in (-1, 2):
        with pytest.raises(ValueError, match=f"there is no path {path}: this generator has 2"):
            generator.synthesis(w_plus, path=path)
    with pytest.raises(LatentError, match="takes w\\+ codes"):
        generator.synthesis(w_plus[:, 1:], path=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": 4}, "split 4"),
        ({"split": 128}, "split 128"),
        ({"split": 48}, "split 48"),
        ({"attributes": ()}, "attributes"),
        ({"attributes": ("a", "a")}, "attributes"),
    ],
)
def test_sizes_that_do_not_fit(generator, change, message):
    with pytest.raises(ValueError, match=message):
        replace(generator.config, **change)


def test_gradients_reach_the_path(generator, w_plus):
    generator = build()
    generator.requires_grad_(True)
    generator.synthesis(w_plus, path=1).square().mean().backward()
    touched = {name for name, value in generator.named_parameters() if value.grad is not None and value.grad.any()}
    assert any(name.startswith("branches.0.convs.0") for name in touched)
    assert "convs.0.conv.weight" not in touched
    assert "convs.6.conv.weight" in touched


def test_the_published_formulation_agrees(generator, w_plus, relative_error):
    wanted = published.synthesis(generator, w_plus)
    for found, image in zip(generator.synthesis(w_plus, path=None), wanted, strict=True):
        assert relative_error(found, image) < 1e-4


def test_attributes_by_number_and_name(style, generator, w_plus, face):
    assert isinstance(style, Style)
    for path, name in enumerate(("female", "male")):
        wanted = generator.synthesis(w_plus, path=path)
        assert torch.equal(style(face, attribute=path), wanted)
        assert torch.equal(style(face, attribute=name), wanted)
        assert torch.equal(style(face, attribute=float(path)), wanted)
        assert torch.equal(AttributeStyle(generator, attribute=name)(face), wanted)
    assert torch.equal(style(face), generator.synthesis(w_plus, path=0))


def test_between_attributes(style, generator, face, relative_error):
    """Halfway between the paths' parameters; no jump at either end."""
    half = style(face, attribute=0.5)
    paths = [generator.path(index) for index in range(2)]
    for name, value in mixture(paths, [0.5, 0.5]).named_parameters():
        first, second = (dict(path.named_parameters())[name] for path in paths)
        assert torch.allclose(value, (first + second) / 2, atol=1e-6), name
    assert relative_error(half, mixture(paths, [0.5, 0.5]).synthesis(face.codes)) < 1e-5
    assert relative_error(style(face, attribute=1e-6), style(face, attribute=0)) < 1e-3
    assert relative_error(style(face, attribute=1 - 1e-6), style(face, attribute=1)) < 1e-3


def test_the_ends_of_strength(style, source, generator, w_plus, face):
    for wrong in (float("nan"), -0.1, 1.5):
        with pytest.raises(StyleError, match="strength is"):
            style(face, strength=wrong)
    assert torch.equal(style(face, strength=0), source.synthesis(w_plus))
    assert torch.equal(style(face, strength=0, attribute="male"), source.synthesis(w_plus))
    assert torch.equal(style(face, strength=1, attribute="male"), generator.synthesis(w_plus, path=1))


def test_strength_and_attribute_together(style, source, generator, face, relative_error):
    parts = [generator.path(0), generator.path(1), source]
    wanted = mixture(parts, [0.8 * 0.75, 0.8 * 0.25, 0.2]).synthesis(face.codes)
    assert relative_error(style(face, strength=0.8, attribute=0.25), wanted) < 1e-5
    assert relative_error(style(face, strength=1e-6), style(face, strength=0)) < 1e-3
    assert relative_error(style(face, strength=1 - 1e-6), style(face)) < 1e-3


def test_a_mixture_is_made_once(style, face, monkeypatch):
    first = style(face, strength=0.3)
    monkeypatch.setattr("pastiche.agilegan.style.mixture", lambda *_: pytest.fail("was made again"))
    assert torch.equal(style(face, strength=0.3), first)


def test_a_mixture_is_made_again_for_other_weights(style, generator, source, face):
    """Also after a change that leaves no trace but the values themselves."""
    generator, source = deepcopy(generator), deepcopy(source)
    style = AttributeStyle(generator, source)
    style(face, strength=0.3)
    source.conv1.conv.weight.data.neg_()
    wanted = AttributeStyle(deepcopy(generator), deepcopy(source))(face, strength=0.3)
    assert torch.equal(style(face, strength=0.3), wanted)


def test_a_mixture_does_not_outlive_a_move(generator, source, face):
    """ComfyUI unloads a generator by moving it; what was made of it must not stay on the GPU."""
    generator = deepcopy(generator)
    AttributeStyle(generator, source)(face, strength=0.3)
    assert generator.mixtures._entry is not None
    generator.to("meta")
    assert generator.mixtures._entry is None


def test_neither_end_is_changed_by_a_mixture(style, source, generator, w_plus, face):
    before = source.synthesis(w_plus), generator.synthesis(w_plus)
    style(face, strength=0.5, attribute=0.5)
    assert torch.equal(source.synthesis(w_plus), before[0])
    assert torch.equal(generator.synthesis(w_plus), before[1])


def test_a_face_in_every_space(generator, relative_error):
    z = torch.randn(1, 16)
    style = AttributeStyle(generator)
    wanted = style(Latent(generator.mapping(z), "w"))
    rows = z[:, None].expand(-1, generator.num_layers, -1)
    for latent in (Latent(z, "z"), Latent(rows, "z+"), Latent(generator.mapping(rows), "w+")):
        assert relative_error(style(latent), wanted) < 1e-5


def test_codes_of_the_encoder_go_through_its_own_mapping(generator, source, style, relative_error):
    """The face generator's, which the stylized one's differs from unless it was frozen; w and w+ are the same in both."""
    z_plus = torch.randn(2, generator.num_layers, 16)
    wanted = generator.synthesis(source.mapping(z_plus))
    assert relative_error(style(Latent(z_plus, "z+")), wanted) < 1e-5
    assert torch.equal(style(Latent(z_plus, "z+"), strength=0), source(Latent(z_plus, "z+")))
    alone = AttributeStyle(generator)
    own = generator.synthesis(generator.mapping(z_plus))
    assert relative_error(alone(Latent(z_plus, "z+")), own) < 1e-5
    assert relative_error(own, wanted) > 0.01
    z = z_plus[:, 0]
    assert relative_error(style(Latent(z, "z")), generator(Latent(source.mapping(z), "w"))) < 1e-5
    for latent in (Latent(source.mapping(z), "w"), Latent(source.mapping(z_plus), "w+")):
        assert torch.equal(style(latent), alone(latent))


@pytest.mark.parametrize("attribute", ["child", -1, 2, 1.5])
def test_attributes_that_are_not_there(style, face, attribute):
    with pytest.raises(StyleError, match=r"there is no attribute .*this generator has female, male"):
        style(face, attribute=attribute)
    with pytest.raises(StyleError, match="there is no attribute"):
        AttributeStyle(style.generator, attribute=attribute)


def test_without_a_source(generator, source, face, style):
    alone = AttributeStyle(generator, attribute="male")
    assert torch.equal(alone(face), style(face, attribute=1))
    with pytest.raises(StyleError, match=r"strength 0\.5 .* pass it as `source`"):
        alone(face, strength=0.5)
    assert torch.equal(alone.with_source(source)(face, strength=0.5), style(face, strength=0.5, attribute=1))


def test_a_source_of_other_sizes(generator, small_generator):
    with pytest.raises(StyleError, match="does not fit the stylized generator of 64"):
        AttributeStyle(generator, small_generator(32))
    larger = Generator(replace(generator.config.path, resolution=128, channels={**generator.config.channels, 128: 4}))
    with pytest.raises(StyleError, match="a generator of 128 pixels, whose resolution does not fit"):
        AttributeStyle(generator, larger)


def test_saved_and_loaded(generator, style, face, tmp_path):
    path = tmp_path / "style.safetensors"
    for attribute in ("male", 1, 0.25):
        AttributeStyle(generator, attribute=attribute).save(path)
        loaded = load_style(path, generator)
        assert isinstance(loaded, AttributeStyle)
        assert loaded.attribute == attribute
        assert torch.equal(loaded(face), style(face, attribute=attribute))


def test_files_that_do_not_fit(generator, source, tmp_path):
    path = tmp_path / "style.safetensors"
    AttributeStyle(generator).save(path)
    for other in (source, build(seed=5)):
        with pytest.raises(StyleError, match=r"learned on another generator \(an AgileGAN of 64 pixels"):
            load_style(path, other)
    with safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()["pastiche.style"])
    for attribute, message in ((None, "damaged"), (True, "damaged"), ("child", "no attribute 'child'"), (9, "no attribute 9")):
        save_file({}, path, {"pastiche.style": json.dumps({**facts, "attribute": attribute})})
        with pytest.raises(StyleError, match=message):
            load_style(path, generator)


def test_between_two_styles(style, generator, source, face):
    female, male = AttributeStyle(generator, source, "female"), AttributeStyle(generator, source, "male")
    assert torch.equal(AttributeStyle.between(female, male, 1)(face), style(face, attribute="male"))
    assert torch.equal(AttributeStyle.between(female, male, 0.25)(face), style(face, attribute=0.25))
    with pytest.raises(StyleError, match="different generators"):
        AttributeStyle.between(female, AttributeStyle(build(seed=3)), 0.5)


@pytest.fixture(scope="module")
def person(source, face):
    tuned = deepcopy(source)
    for name, value in tuned.named_parameters():
        if not name.startswith("style."):
            value.data.add_(0.1 * torch.randn(value.shape, generator=torch.Generator().manual_seed(3)))
    return Tuned(face, tuned, source)


def test_the_ends_of_likeness(style, person, face):
    assert isinstance(style, Personal)
    for path in ("female", "male"):
        assert torch.equal(style.on(person, 0)(face, attribute=path), style(face, attribute=path)), "the style alone"
        assert torch.equal(style.on(person, 1)(face, attribute=path, strength=0), person.generator(face)), "the person alone"


def test_what_the_person_changed_is_added_to_every_path(style, person):
    """Once to the shared layers, as to the paths' own layers."""
    moved, added = style.on(person, 0.5).style.generator, 0.5 * ADDED
    for index in range(2):
        generators = moved.path(index), style.generator.path(index), person.generator, person.base
        shares = (1.0, 1.0, 0.5, 0.0, 0.0)  # 4, 8, 16, 32, 64 pixels
        for share, stages in zip(shares, zip(*(each.stages() for each in generators), strict=True), strict=True):
            for layers in zip(*(convs for convs, _ in stages), strict=True):
                own, was, theirs, base = (layer.conv.weight for layer in layers)
                assert torch.allclose(own, was + added * share * (theirs - base), atol=1e-6)
            (_, colors), (_, kept), *_ = stages
            assert torch.equal(colors.conv.weight, kept.conv.weight), "the palette is the style's"
    assert moved.path(0).conv1.conv.weight is moved.path(1).conv1.conv.weight


def test_likeness_leaves_the_style_as_it_was(style, person, generator, face):
    before = [value.clone() for value in generator.parameters()]
    style.on(person, 0.8)(face)
    assert all(torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))


def test_a_person_needs_the_source(generator, source, person, codes):
    with pytest.raises(StyleError, match=r"a likeness is between .* use strength 1 and no person"):
        AttributeStyle(generator).on(person, 0.6)
    other = build(seed=9).path(0)
    with pytest.raises(StyleError, match="tuned on another generator"):
        AttributeStyle(generator, source).on(Tuned(Latent(codes(other, 1), "w+"), other, other), 0.6)


def test_likeness_in_inference_mode(style, person, face):
    with torch.inference_mode():
        images = style.on(person, 0.6)(face, attribute=0.5)
    assert torch.allclose(images, style.on(person, 0.6)(face, attribute=0.5), atol=1e-6)
