"""ReStyle: the loop around the encoder. The numbers are in tests/golden."""

import pytest
import torch

from pastiche.encoders import EncoderConfig, RestyleEncoder
from pastiche.errors import Cancelled, ImageError, LatentError
from pastiche.images import resize
from pastiche.inversion import encode, invert
from pastiche.latents import Latent


@pytest.fixture
def generator(small_generator):
    return small_generator(16)


@pytest.fixture
def encoder(generator):
    torch.manual_seed(0)
    sizes = {"w_dim": generator.latent_dim, "stem": 4, "widths": (4, 8, 8, 16), "in_channels": 6, "pyramid": False}
    encoder = RestyleEncoder(EncoderConfig(num_layers=generator.num_layers, **sizes)).eval().requires_grad_(False)
    encoder.latent_avg.copy_(generator.w_avg.expand_as(encoder.latent_avg))
    return encoder


@pytest.fixture
def faces():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def by_hand(encoder, generator, faces, codes, steps):
    faces = resize(faces, 256, "bilinear")
    for _ in range(steps):
        seen = torch.nn.functional.adaptive_avg_pool2d(generator.synthesis(codes), 256)
        codes = codes + encoder.codes(torch.cat([faces, seen], dim=1))
    return codes


@pytest.mark.parametrize("steps", [1, 3])
def test_each_step_sees_the_one_before(encoder, generator, faces, steps):
    codes = encoder.latent_avg.expand(2, -1, -1)
    found = encoder.refine(faces, generator, steps=steps)
    assert found.space == "w+"
    assert torch.allclose(found.codes, by_hand(encoder, generator, faces, codes, steps), atol=1e-5)


def test_the_first_step_is_what_the_encoder_gives(encoder, generator, faces):
    faces = resize(faces, 256, "bilinear")
    average = torch.nn.functional.adaptive_avg_pool2d(generator.synthesis(encoder.latent_avg[None]), 256)
    once = encoder(torch.cat([faces, average.expand(2, -1, -1, -1)], dim=1))
    assert torch.allclose(encoder.refine(faces, generator, steps=1).codes, once.codes, atol=1e-6)


@pytest.mark.parametrize("space", ["w", "w+", "z"])
def test_it_can_begin_where_another_encoder_ended(encoder, generator, faces, space):
    rng = torch.Generator().manual_seed(5)
    shape = (2, generator.num_layers, 16) if space == "w+" else (2, 16)
    start = Latent(torch.randn(shape, generator=rng), space)
    wanted = by_hand(encoder, generator, faces, generator.to_w_plus(start).codes, 2)
    assert torch.allclose(encoder.refine(faces, generator, steps=2, start=start).codes, wanted, atol=1e-5)


def test_invert_refines_and_tells(encoder, generator, faces):
    seen = []
    latent = invert(faces, generator, encoder, progress=seen.append)
    assert torch.equal(latent.codes, encoder.refine(faces, generator, steps=5).codes)
    assert [(step.index, step.total) for step in seen] == [(index, 5) for index in range(1, 6)]
    assert torch.allclose(seen[-1].preview(), generator(latent), atol=1e-6)
    assert torch.equal(encode(faces, encoder, generator).codes, latent.codes)


def test_cancel(encoder, generator, faces):
    def stop(step):
        if step.index == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        invert(faces, generator, encoder, progress=stop)


def test_nothing_is_learned(encoder, generator, faces):
    encoder.requires_grad_(True)
    assert not encoder.refine(faces, generator, steps=1).codes.requires_grad


def test_what_is_missing_is_said(encoder, generator, small_generator, faces):
    with pytest.raises(LatentError, match="give the generator too"):
        encode(faces, encoder)
    with pytest.raises(LatentError, match="0 steps of refinement"):
        encoder.refine(faces, generator, steps=0)
    with pytest.raises(LatentError, match="takes w\\+ codes of the shape"):
        invert(faces, small_generator(32), encoder)
    with pytest.raises(ImageError, match=r"images \[N, 6, 256, 256\], not \[2, 3, 256, 256\]"):
        encoder(resize(faces, 256, "bilinear"))
