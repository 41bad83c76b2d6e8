"""The generator that blends a face and a style. The numbers are in tests/golden."""

import pytest
import torch

from pastiche.bench.published import blendgan as published
from pastiche.blendgan import BlendConfig, BlendGenerator
from pastiche.errors import LatentError, StyleError
from pastiche.latents import Latent
from pastiche.stylegan2 import Generator, GeneratorConfig

KEPT = torch.tensor([0.0, 0.1, 0.9, 0.3, 0.0, 1.0, 0.5, 0.2]).view(1, 8, 1)  # within its bounds


@pytest.fixture
def faces(generator, draw):
    return generator.mapping(draw(2, 8, 16))


def test_it_is_a_stylegan2_without_a_style(generator, faces):
    config = {name: value for name, value in vars(generator.config).items() if not name.startswith("code_")}
    plain = Generator(GeneratorConfig(**config)).requires_grad_(False)
    state = {key: value for key, value in generator.state_dict().items() if not key.startswith(("embedding", "add_weight"))}
    plain.load_state_dict(state)
    assert torch.equal(generator.synthesis(faces), plain.synthesis(faces))
    assert torch.equal(generator(Latent(faces, "w+")), plain(Latent(faces, "w+")))


def test_blending(generator, faces, draw):
    styles = generator.map_style(draw(2, 10))
    blended = generator.blend(faces, styles)
    torch.testing.assert_close(blended, faces * KEPT + styles[:, None] * (1 - KEPT))


@pytest.mark.parametrize("indicator", range(9))
def test_rows_below_the_indicator_keep_the_face(generator, faces, draw, indicator):
    styles = generator.map_style(draw(1, 10))
    blended, everywhere = generator.blend(faces, styles, indicator), generator.blend(faces, styles)
    assert torch.equal(blended[:, :indicator], faces[:, :indicator])
    assert torch.equal(blended[:, indicator:], everywhere[:, indicator:])


def test_strength_scales_the_share(generator, faces, draw):
    styles = generator.map_style(draw(1, 10))
    assert torch.equal(generator.blend(faces, styles, 2, strength=0), faces)
    half = (faces + generator.blend(faces, styles, 2)) / 2
    torch.testing.assert_close(generator.blend(faces, styles, 2, strength=0.5), half)


def test_the_bounds_are_not_written_into_the_model(generator, faces, draw):
    before = generator.add_weight.clone()
    generator.synthesis(faces, draw(1, 10), indicator=3)
    assert torch.equal(generator.add_weight, before)


def test_a_new_model_draws_natural_faces_and_learns(draw):
    """What the face keeps begins at 1, the bound; the gradient has to reach it there."""
    torch.manual_seed(0)
    model = BlendGenerator(BlendConfig(resolution=8, channels={4: 4, 8: 4}, z_dim=4, w_dim=4, code_dim=4))
    faces, code = draw(1, 4, 4), draw(1, 4)
    styled = model.synthesis(faces, code)
    torch.testing.assert_close(styled, model.synthesis(faces))
    styled.square().sum().backward()
    assert (model.add_weight.grad != 0).all()


def test_one_style_for_all_faces_or_one_for_each(generator, faces, draw):
    codes = draw(2, 10)
    each = generator.synthesis(faces, codes, indicator=1)
    alone = [generator.synthesis(face[None], code[None], indicator=1) for face, code in zip(faces, codes, strict=True)]
    torch.testing.assert_close(each, torch.cat(alone), rtol=1e-4, atol=1e-5)
    all_alike = generator.synthesis(faces, codes[:1], indicator=1)
    torch.testing.assert_close(all_alike[:1], each[:1], rtol=1e-4, atol=1e-5)


def test_the_published_formulation_agrees(generator, faces, draw, relative_error):
    codes = draw(2, 10)
    wanted = published.synthesis(generator, faces, codes, 3)
    assert relative_error(generator.synthesis(faces, codes, indicator=3), wanted) < 1e-4


def test_between_two_indicators(generator):
    """The row that they differ in takes a part; whole numbers are as they were."""
    whole = [generator.style_share(indicator) for indicator in range(9)]
    for indicator, share in enumerate(whole):
        assert not share[:indicator].any()
        assert torch.equal(share[indicator:], whole[0][indicator:])
    torch.testing.assert_close(generator.style_share(3.25), 0.75 * whole[3] + 0.25 * whole[4])


@pytest.mark.parametrize("indicator", [-1, 9, 8.5, float("nan"), "2", None])
def test_indicators_that_do_not_exist(generator, faces, draw, indicator):
    with pytest.raises(StyleError, match=r"a number from 0 .* to 8"):
        generator.synthesis(faces, draw(1, 10), indicator=indicator)


def test_codes_that_do_not_fit(generator, faces, draw):
    with pytest.raises(StyleError, match=r"takes style codes \[N, 10\], not \[1, 11\]"):
        generator.synthesis(faces, draw(1, 11))
    with pytest.raises(StyleError, match=r"not \[10\]"):
        generator.map_style(draw(10))
    with pytest.raises(StyleError, match="3 styles were given for 2 faces"):
        generator.synthesis(faces, draw(3, 10))
    with pytest.raises(LatentError, match=r"takes w\+ codes"):
        generator.synthesis(faces[:, :5], draw(1, 10))


def test_random_styles_repeat(generator):
    first, second = (generator.sample_style(3, torch.Generator().manual_seed(5)) for _ in range(2))
    assert first.shape == (3, 10)
    assert torch.equal(first, second)


@pytest.mark.parametrize("depth", [0, 33])
def test_sizes_that_no_network_has(depth):
    with pytest.raises(ValueError, match="style codes are mapped by"):
        BlendConfig(resolution=8, code_layers=depth)
