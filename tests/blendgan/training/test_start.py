"""What a training starts from."""

import pytest
import torch

from pastiche.blendgan import BlendDiscriminator, ProjectionConfig
from pastiche.blendgan.training.start import blend_generator, critics

SIZES = {"resolution": 16, "channels": {4: 8, 8: 8, 16: 6}}


@pytest.fixture
def faces(base):
    return base.mapping(base.sample_z(2, torch.Generator().manual_seed(0)))


def test_a_plain_generator_draws_what_it_drew(base, faces):
    generator = blend_generator(base, code_dim=6, code_layers=3)
    w_plus, code = base.broadcast(faces), torch.ones(2, 6)
    assert torch.equal(generator.synthesis(w_plus), base.synthesis(w_plus))
    torch.testing.assert_close(generator.synthesis(w_plus, code), base.synthesis(w_plus))
    assert (generator.code_dim, len(generator.embedding) - 1) == (6, 3)
    assert torch.equal(generator.w_avg, base.w_avg)
    half = blend_generator(base, code_dim=6, face_share=0.5)
    assert not torch.allclose(half.synthesis(w_plus, code), base.synthesis(w_plus))


def test_a_blendgan_goes_on(base):
    before = blend_generator(base, code_dim=6, code_layers=3, face_share=0.25)
    again = blend_generator(before, code_dim=6)
    assert all(torch.equal(a, b) for a, b in zip(before.state_dict().values(), again.state_dict().values(), strict=True))
    other = blend_generator(before, code_dim=4)
    assert other.code_dim == 4


def test_the_face_discriminator_is_kept_and_the_others_are_new(small_discriminator):
    known = small_discriminator(16)
    found = critics(known, resolution=0, channels={}, code_dim=6)
    images = torch.randn(4, 3, 16, 16)
    assert torch.equal(found(images), known(images))
    assert not torch.equal(found.style(images), known(images))
    assert found.config.code_dim == 6


def test_all_three_from_the_face_discriminator(small_discriminator):
    known = small_discriminator(16)
    found = critics(known, resolution=0, channels={}, code_dim=6, share_trunk=True)
    images = torch.randn(4, 3, 16, 16)
    assert torch.equal(found.style(images), known(images))
    features = [part.final_features(part.features(images, [2])[0]) for part in (known, found.latent)]
    assert torch.equal(*features)


def test_three_discriminators_go_on():
    torch.manual_seed(0)
    known = BlendDiscriminator(ProjectionConfig(**SIZES, code_dim=6))
    found = critics(known, resolution=0, channels={}, code_dim=6)
    assert torch.equal(found.latent.l_style.weight, known.latent.l_style.weight)
    fresh = critics(known, **SIZES, code_dim=5)
    assert torch.equal(fresh.convs[0][0].weight, known.convs[0][0].weight)
    assert fresh.config.code_dim == 5


def test_discriminators_at_random():
    found = critics(None, **SIZES, code_dim=6)
    assert found.config.resolution == 16
    assert found.latent(torch.zeros(2, 3, 16, 16), torch.zeros(2, 6)).shape == (2, 1)
