"""The compact encoder in ReStyle's and AgileGAN's ways."""

import pytest
import torch

from pastiche.checkpoints import Checkpoint, inspect, load, save
from pastiche.encoders.compact import CompactEncoderConfig
from pastiche.encoders.compact_methods import CompactRestyleEncoder, CompactVariationalEncoder
from pastiche.errors import ImageError, LatentError
from pastiche.inversion import encode

SIZES = {"num_layers": 8, "w_dim": 16, "split": 2, "channels": (8, 8, 16, 16, 16, 16), "hidden": 24}


@pytest.fixture
def faces():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def variational():
    torch.manual_seed(0)
    return CompactVariationalEncoder(CompactEncoderConfig(**SIZES)).eval().requires_grad_(False)


@pytest.fixture
def restyle(small_generator):
    torch.manual_seed(0)
    encoder = CompactRestyleEncoder(CompactEncoderConfig(**SIZES, in_channels=6)).eval().requires_grad_(False)
    encoder.latent_avg.copy_(small_generator(32).w_avg)
    encoder.spread.fill_(0.1)
    return encoder


def test_untrained_the_distribution_is_the_prior(variational, faces):
    latent = encode(faces, variational)
    assert latent.space == "z+"
    assert latent.codes.shape == (2, 8, 16)
    assert not latent.codes.any()
    _, log_variance = variational.distribution(torch.zeros(2, 3, 256, 256))
    assert log_variance.shape == (2, 8, 16)
    assert not log_variance.any()


def test_samples_lie_around_the_mean(variational):
    torch.nn.init.normal_(variational.codes.weight)
    images = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1))
    rng = torch.Generator().manual_seed(0)
    samples = torch.cat([variational.sample(images, rng=rng).codes for _ in range(64)])
    assert torch.allclose(samples.mean(dim=0), variational(images).codes[0], atol=0.6)
    assert samples.std(dim=0).mean() == pytest.approx(1, abs=0.1)
    assert variational.sample(images, temperature=0).codes.equal(variational(images).codes)
    with pytest.raises(LatentError, match="temperature"):
        variational.sample(images, temperature=-1)


def test_each_attempt_corrects_the_one_before(restyle, small_generator, faces):
    generator, seen = small_generator(32), []
    latent = restyle.refine(faces, generator, steps=2, progress=lambda step: seen.append(step.index))
    prepared = restyle.prepare(faces)
    codes = generator.w_avg.expand(2, 8, -1)
    for _ in range(2):
        attempt = torch.nn.functional.interpolate(generator.synthesis(codes), size=256, mode="area")
        codes = codes + restyle.correction(torch.cat([prepared, attempt], dim=1))
    assert torch.allclose(latent.codes, codes, atol=1e-5)
    assert seen == [1, 2]
    with pytest.raises(LatentError, match="give the generator too"):
        encode(faces, restyle)
    assert encode(faces, restyle, generator).space == "w+"


def test_another_number_of_channels_is_refused(restyle):
    with pytest.raises(ImageError, match=r"takes images \[N, 6, 256, 256\]"):
        restyle.correction(torch.zeros(1, 3, 256, 256))


@pytest.mark.parametrize(("name", "space"), [("variational", "z+"), ("restyle", "w+")])
def test_they_are_saved_and_loaded(request, tmp_path, name, space):
    encoder, path = request.getfixturevalue(name), tmp_path / "encoder.safetensors"
    save(Checkpoint(architecture="hvae", encoder=encoder), path)
    loaded = load(path).encoder
    assert type(loaded) is type(encoder)
    assert all(value.equal(loaded.state_dict()[key]) for key, value in encoder.state_dict().items())
    assert inspect(path).space == space
