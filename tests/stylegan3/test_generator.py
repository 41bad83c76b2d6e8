"""The generator's properties, without any published weights."""

from math import cos, pi, sin

import pytest
import torch

from pastiche.errors import LatentError
from pastiche.latents import Latent
from pastiche.stylegan3 import Generator3Config


@pytest.fixture(autouse=True)
def without_gradients():
    with torch.no_grad():
        yield


def codes(generator, count=1, seed=0):
    z = generator.sample_z(count, torch.Generator().manual_seed(seed))
    return generator.broadcast(generator.mapping(z))


def moved(angle=0.0, x=0.0, y=0.0):
    return torch.tensor([[cos(angle), -sin(angle), x], [sin(angle), cos(angle), y], [0, 0, 1]], dtype=torch.float32)


def difference(found, wanted):
    return float((found - wanted).square().mean().sqrt() / wanted.std())


NAMES = {
    "t": "36_512 36_512 52_512 52_512 84_512 148_512 148_512 276_323 276_203 532_128 1044_81 1044_51 1044_32 1024_32 1024_3",
    "r": "36_1024 36_1024 52_1024 52_1024 84_1024 148_1024 148_1024 276_645 276_406 532_256 1044_161 1044_102 1044_64 "
    "1024_64 1024_3",
}


@pytest.mark.parametrize("configuration", ["t", "r"])
def test_the_published_tables(configuration):
    config = Generator3Config.published(configuration, 1024)
    assert " ".join(f"{shape.out_size}_{shape.out_channels}" for shape in config.shapes) == NAMES[configuration]
    assert config.num_layers == 16
    assert [shape.radial for shape in config.shapes] == [configuration == "r"] * 12 + [False] * 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"resolution": 8}, "less than 16"), ({"resolution": 100}, "power of two"), ({"kernel_size": 5}, "expected 3")],
)
def test_sizes_that_do_not_fit(wrong, message):
    with pytest.raises(ValueError, match=message):
        Generator3Config(**{"resolution": 64, **wrong})


@pytest.mark.parametrize("configuration", ["t", "r"])
def test_a_picture_does_not_depend_on_its_batch(small_stylegan3, configuration):
    generator = small_stylegan3(configuration)
    w_plus = codes(generator, 3)
    together = generator.synthesis(w_plus)
    assert together.shape == (3, 3, 32, 32)
    assert together.std() > 0.01
    alone = torch.cat([generator.synthesis(row[None]) for row in w_plus])
    assert difference(together, alone) < 1e-5


def test_every_space(small_stylegan3):
    generator = small_stylegan3()
    z = generator.sample_z(1, torch.Generator().manual_seed(0))
    w = generator.mapping(z)
    wanted = generator.synthesis(generator.broadcast(w))
    for latent in (Latent(z, "z"), Latent(w, "w"), Latent(generator.broadcast(z), "z+"), Latent(generator.broadcast(w), "w+")):
        assert difference(generator(latent), wanted) < 1e-5


def test_codes_of_another_generator(small_stylegan3):
    generator = small_stylegan3()
    with pytest.raises(LatentError, match=r"w\+ codes of the shape \[N, 16, 12\], not \[1, 18, 12\]"):
        generator.synthesis(torch.zeros(1, 18, 12))


def test_noise_is_accepted_and_without_effect(small_stylegan3):
    generator = small_stylegan3()
    w_plus = codes(generator)
    wanted = generator.synthesis(w_plus)
    for noise in ("fixed", "random", "none", []):
        assert generator.noise_maps(noise) == []
        assert generator.synthesis(w_plus, noise=noise).equal(wanted)
    with pytest.raises(ValueError, match="has no noise"):
        generator.synthesis(w_plus, noise=[torch.zeros(1, 1, 4, 4)])
    with pytest.raises(ValueError, match="expected 'fixed'"):
        generator.noise_maps("loud")


def test_quarter_turns_are_exact_in_configuration_r(small_stylegan3):
    generator = small_stylegan3("r")
    w_plus = codes(generator)
    plain = generator.synthesis(w_plus)
    turned = generator.synthesis(w_plus, transform=moved(pi / 2))
    assert difference(turned, plain.rot90(1, dims=(2, 3))) < 1e-4
    assert difference(small_stylegan3("t").synthesis(w_plus, transform=moved(pi / 2)), turned) > 0.1


@pytest.mark.parametrize("configuration", ["t", "r"])
@pytest.mark.parametrize(("pixels", "tolerance"), [(4, 0.02), (3, 0.05)])
def test_translation_moves_the_image(small_stylegan3, configuration, pixels, tolerance):
    """By whole samples of the first layer (4 pixels of 64), and by parts of them."""
    generator = small_stylegan3(configuration, 64)
    w_plus = codes(generator)
    plain = generator.synthesis(w_plus)
    aside = generator.synthesis(w_plus, transform=moved(x=pixels / 64))
    assert difference(aside[..., :-pixels], plain[..., pixels:]) < tolerance
    assert difference(aside, plain) > 2 * tolerance


def test_a_transform_for_each_image_or_in_the_file(small_stylegan3):
    generator = small_stylegan3()
    w_plus = codes(generator).expand(2, -1, -1)
    transforms = torch.stack([moved(), moved(0.3, 0.1)])
    both = generator.synthesis(w_plus, transform=transforms)
    assert difference(both[:1], generator.synthesis(w_plus[:1])) < 1e-5
    generator.input.transform.copy_(transforms[1])
    assert difference(both[1:], generator.synthesis(w_plus[:1])) < 1e-5


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.05), (torch.float16, 0.01)])
@pytest.mark.parametrize("configuration", ["t", "r"])
def test_lower_precision(small_stylegan3, configuration, dtype, tolerance):
    generator = small_stylegan3(configuration, 64)
    w_plus = codes(generator)
    with torch.autocast("cpu", dtype):
        found = generator.synthesis(w_plus)
    assert found.dtype == torch.float32
    assert difference(found, generator.synthesis(w_plus)) < tolerance


@pytest.mark.parametrize("configuration", ["t", "r"])
def test_gradients_reach_every_row(small_stylegan3, configuration):
    generator = small_stylegan3(configuration)
    generator.input.affine.weight.normal_(std=0.1)
    w_plus = codes(generator).clone()
    direction = torch.randn(1, 16, 12, generator=torch.Generator().manual_seed(3)) * 1e-3
    with torch.enable_grad():
        w_plus.requires_grad_()
        image = generator.synthesis(w_plus)
        (gradient,) = torch.autograd.grad(image.sum(), w_plus)
    assert difference(image, generator.synthesis(w_plus)) < 1e-5
    assert gradient.abs().sum(dim=2).min() > 0
    ahead, behind = (generator.synthesis(w_plus + sign * direction).sum() for sign in (1, -1))
    assert float((gradient * direction).sum()) == pytest.approx(float(ahead - behind) / 2, rel=0.05, abs=1e-3)
