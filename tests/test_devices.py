"""Networks, pictures and codes on different devices, and the same numbers on each of them."""

import sys
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.demo.mixing import mix, mixed_codes
from pastiche.devices import device_of, find_device
from pastiche.dualstylegan import CodeSampler
from pastiche.dualstylegan.config import SamplerConfig
from pastiche.encoders import ArcFace
from pastiche.encoders.arcface import ArcFaceConfig
from pastiche.errors import PasticheError
from pastiche.inversion import Optimization, PivotalTuning
from pastiche.jojogan import OneShot
from pastiche.latents import Latent
from pastiche.synthetic.coordinates import COORDINATES

SEARCH = Optimization(steps=1, samples=50, noise=True)


@pytest.fixture
def generator(small_generator):
    return small_generator(32, most=4)


@pytest.fixture
def discriminator(small_discriminator):
    return small_discriminator(32, most=4)


@pytest.fixture
def reference():
    return torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(3)) * 2 - 1


@pytest.fixture
def there(generator, second_device):
    """A copy of the generator on the second device."""
    return deepcopy(generator).to(second_device)


def rng(seed=5):
    return torch.Generator().manual_seed(seed)


def close(found, wanted, tolerance=1e-3):
    return torch.allclose(found.cpu(), wanted, atol=tolerance, rtol=tolerance)


@pytest.fixture
def plain_descent(monkeypatch):
    """The second device's compiler can't take Adam's factors of double precision."""
    monkeypatch.setattr(torch.optim, "Adam", lambda params, lr=1e-3, betas=None: torch.optim.SGD(params, lr=lr))


@pytest.fixture
def no_descent(monkeypatch, plain_descent):
    """Nor the derivative of a product with a number: losses are computed, and nothing learns."""
    monkeypatch.setattr(torch.autograd, "backward", lambda *_args, **_kwargs: None)


@pytest.fixture
def steps():
    return []


class Encoder(torch.nn.Module):
    """Refuses pictures of another device, as any network does."""

    def __init__(self, code):
        super().__init__()
        self.code = torch.nn.Parameter(code, requires_grad=False)

    def forward(self, images):
        return Latent(self.code + 0 * images.mean(dim=(1, 2, 3))[:, None, None], "w+")


def test_random_faces_are_the_same(generator, there, second_device):
    found = there.sample_z(3, rng())
    assert found.device.type == second_device.type
    assert torch.equal(found.cpu(), generator.sample_z(3, rng()))
    assert close(there.estimate_w_avg(64), generator.estimate_w_avg(64))


def test_random_noise_is_the_same(generator, there):
    for found, wanted in zip(there.noise_maps("random", 2, rng()), generator.noise_maps("random", 2, rng()), strict=True):
        assert torch.equal(found.cpu(), wanted)


def test_sampled_style_codes_are_the_same(second_device):
    torch.manual_seed(0)
    sampler = CodeSampler(SamplerConfig(noise_dim=4, hidden=8, w_dim=8, structure_rows=2, color_rows=2)).requires_grad_(False)
    wanted = sampler.sample(2, rng())
    assert close(deepcopy(sampler).to(second_device).sample(2, rng()), wanted)


def test_the_demos_mixed_codes_are_the_same(small_generator, second_device):
    generator = small_generator(32, z_dim=len(COORDINATES))
    z = torch.randn(4, len(COORDINATES), generator=rng())
    wanted = mixed_codes(generator, mix(z, 0.5, rng()))
    assert close(mixed_codes(deepcopy(generator).to(second_device), mix(z.to(second_device), 0.5, rng())), wanted)


@pytest.mark.parametrize("space", ["w", "w+", "z+"])
def test_a_search_is_the_same(no_descent, steps, generator, discriminator, there, reference, space):
    """The picture and the discriminator may be on the CPU: all is computed where the generator is."""
    settings = replace(SEARCH, space=space)
    options = {"method": "optimize", "discriminator": discriminator, "settings": settings, "progress": steps.append}
    wanted = pastiche.invert(reference, generator, rng=rng(), **options)
    found = pastiche.invert(reference, there, rng=rng(), **options)
    assert found.codes.device == there.w_avg.device
    assert close(found.codes.detach(), wanted.codes)
    assert steps[1].losses == pytest.approx(steps[0].losses, rel=1e-3)
    assert device_of(discriminator).type == "cpu", "what was given is not moved"


def test_a_hybrid_search_begins_where_the_encoder_points(no_descent, steps, generator, discriminator, there, reference, codes):
    encoder = Encoder(codes(generator, 1))
    options = {"method": "hybrid", "discriminator": discriminator, "settings": SEARCH, "progress": steps.append}
    wanted = pastiche.invert(reference, generator, encoder, rng=rng(), **options)
    found = pastiche.invert(reference.to(there.w_avg.device), there, encoder, rng=rng(), **options)
    assert close(found.codes.detach(), wanted.codes)
    assert steps[1].losses == pytest.approx(steps[0].losses, rel=1e-3)


def test_tuning_is_the_same(no_descent, steps, generator, discriminator, there, reference, codes):
    latent = Latent(codes(generator, 1), "w+")
    settings = PivotalTuning(steps=1, locality=0.1)
    tuned = [
        pastiche.tune(reference, base, latent, discriminator=discriminator, settings=settings, rng=rng(), progress=steps.append)
        for base in (generator, there)
    ]
    assert device_of(tuned[1].generator) == there.w_avg.device
    assert steps[1].losses == pytest.approx(steps[0].losses, rel=1e-3)
    assert close(tuned[1].generator(tuned[1].latent).detach(), tuned[0].generator(tuned[0].latent))


def test_a_style_is_the_same(plain_descent, generator, discriminator, there, reference, codes, second_device):
    """Encoder, discriminator and code on the CPU, the generator and the reference elsewhere."""
    encoder, settings = Encoder(codes(generator, 1)), OneShot(steps=1, lr=0.01)
    latent = Latent(codes(generator, 1, seed=8), "w+")
    wanted = pastiche.one_shot(generator, discriminator, reference, encoder=encoder, settings=settings)(latent)
    style = pastiche.one_shot(there, discriminator, reference.to(second_device), encoder=encoder, settings=settings)
    assert close(style(latent), wanted, 1e-2)


def test_an_identity_network_is_taken_where_the_style_is_learned(monkeypatch, generator, discriminator, there, reference):
    learning = sys.modules["pastiche.jojogan.one_shot"]  # its name in the package is the function's
    network = ArcFace(ArcFaceConfig(embedding_dim=8, stem=4, widths=(4, 4, 4, 4)))
    given = []
    monkeypatch.setattr(learning, "fine_tune", lambda *_args, identity, **_others: given.append(identity) or generator)
    for base in (generator, there):
        settings = OneShot(extreme=True, identity=1.0)
        pastiche.one_shot(base, discriminator, reference, settings=settings, identity=network)
    assert [device_of(embed.__self__) for embed in given] == [generator.w_avg.device, there.w_avg.device]
    assert device_of(network).type == "cpu", "what was given is not moved"


def test_a_checkpoint_moves_as_a_whole(generator, discriminator, monkeypatch, second_device):
    monkeypatch.setattr("pastiche.devices.KINDS", ("cpu", second_device.type))
    origin, encoder = deepcopy(generator), torch.nn.Linear(2, 2)
    checkpoint = Checkpoint(
        architecture="stylegan2", generator=generator, discriminator=discriminator, base=origin, base_encoder=encoder
    )
    assert checkpoint.to(second_device) is checkpoint
    assert {device_of(module) for module in (*checkpoint.modules.values(), origin, encoder)} == {second_device}
    assert checkpoint.to("cpu").w_avg.device.type == "cpu"


def test_loading_to_a_device(monkeypatch, second_device):
    monkeypatch.setattr("pastiche.devices.KINDS", ("cpu", second_device.type))
    checkpoint = pastiche.load("demo", device=second_device)
    assert {device_of(module) for module in checkpoint.modules.values()} == {second_device}


def test_the_first_lines_of_the_python_page_work_with_models_elsewhere(monkeypatch, second_device):
    monkeypatch.setattr("pastiche.devices.KINDS", ("cpu", second_device.type))
    models = pastiche.load("demo", device=second_device)
    size = models.generator.resolution
    photo = torch.rand(1, 3, 300, 300) * 2 - 1
    face = pastiche.crop_by_hand(photo, square=(50, 50, 250, 250), size=size)
    latent = pastiche.invert(face.crop, models.generator, models.encoder)
    style = pastiche.JoJoStyle(models.generator, deepcopy(models.generator), OneShot())
    drawn = style(latent, strength=1.0).clamp(-1, 1)
    assert drawn.device == second_device
    assert face.paste(drawn, onto=photo, region="oval").device.type == "cpu"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "'gpu' is not a device: use cpu, cuda, cuda:0, mps or auto"),
        ("meta", "the device 'meta' is not supported: use cpu"),
    ],
)
def test_what_is_not_a_device(name, message):
    with pytest.raises(PasticheError, match=message):
        pastiche.load("demo", device=name)


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(PasticheError, match="the device 'cuda' is not available: PyTorch finds none on this machine"):
        find_device("cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(PasticheError, match=r"the device 'mps' is not available.* mps needs a Mac"):
        find_device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("auto") == torch.device("cuda")
    assert find_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(PasticheError, match="the device 'cuda:2' does not exist: this machine has cuda:0 to cuda:1"):
        find_device("cuda:2")
