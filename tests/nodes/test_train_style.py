"""Train Style on generators of a few channels."""

import importlib

import pytest
import torch

PICTURES = 4


@pytest.fixture
def generator(engine, part):
    """Networks as a loader gives them, but small."""
    nets, checkpoints = (importlib.import_module(f"{engine.__name__}.{name}") for name in ("stylegan2", "checkpoints"))
    torch.manual_seed(0)
    channels = {4: 8, 8: 8, 16: 8}
    config = nets.GeneratorConfig(resolution=16, channels=channels, z_dim=8, w_dim=8, mapping_layers=1)
    discriminator = nets.Discriminator(nets.DiscriminatorConfig(resolution=16, channels=channels))
    checkpoint = checkpoints.Checkpoint(
        architecture="stylegan2",
        generator=nets.Generator(config).requires_grad_(False).eval(),
        discriminator=discriminator.requires_grad_(False).eval(),
        source="small",
    )
    return part("sockets").Networks.of(checkpoint)


@pytest.fixture
def pictures():
    return torch.rand(PICTURES, 16, 16, 3, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def learn(run, generator, pictures):
    return lambda **more: run("TrainStyle", **{"generator": generator, "images": pictures, "iterations": 2, "seed": 3, **more})


def test_from_images_to_a_style(run, learn, generator, pictures, comfy_folder):
    style, tuned, stops = learn(more_images=1 - pictures, attributes="young, old", save_as="comics")
    assert tuned.generator.config.attributes == ("young", "old")
    assert stops.ndim == 4
    assert stops.shape[-1] == 3
    latent = run("GenerateFaces", generator=generator, seed=1, count=1, psi=0.7)[0]
    plain, styled = (run("Stylize", style=style, latent=latent, strength=amount)[0] for amount in (0.0, 1.0))
    assert not torch.equal(plain, styled)
    (other,) = run("AttributeStyle", generator=tuned, attribute="old", source=generator)
    assert run("Stylize", style=other, latent=latent, strength=1.0)[0].shape == styled.shape
    (saved,) = (comfy_folder / "models").rglob("comics*.safetensors")
    loaded = importlib.import_module("pastiche").load(saved)  # whole: nobody could find this generator again
    assert loaded.base is None


def test_a_stop_that_was_trained_already_needs_no_training(learn, part, monkeypatch):
    first = learn()[1]
    steps = []
    monkeypatch.setattr(part("comfy"), "check_interrupted", lambda: steps.append(1))
    again = learn()[1]
    assert not steps
    for ours, wanted in zip(again.generator.parameters(), first.generator.parameters(), strict=True):
        assert torch.equal(ours, wanted)
    learn(iterations=3)
    assert steps == [1]  # it went on from there
    learn(structure=1.0)
    assert steps == [1, 1, 1]


def test_cancel_stops_within_one_step(learn, part, monkeypatch):
    class Cancelled(Exception):
        pass

    def stop():
        raise Cancelled

    monkeypatch.setattr(part("comfy"), "check_interrupted", stop)
    with pytest.raises(Cancelled):
        learn()


@pytest.fixture
def blendgan(run, shipped, engine):
    """The BlendGAN of a tiny bundle, at 32 pixels."""
    shipped(importlib.import_module(f"{engine.__name__}.resources"))
    return run("LoadStyleGAN", checkpoint="demo: blendgan")[0]


def test_from_one_image_to_a_style(run, learn, blendgan, part, engine, comfy_folder, monkeypatch):
    picture = torch.rand(1, 32, 32, 3, generator=torch.Generator().manual_seed(5))
    style, tuned, stops = learn(generator=blendgan, images=picture, save_as="odd")
    assert tuned.checkpoint.architecture == "blendgan"
    assert stops.ndim == 4
    latent = run("GenerateFaces", generator=blendgan, seed=1, count=1, psi=0.7)[0]
    drawn = run("Stylize", style=style, latent=latent, strength=1.0)[0]
    (before,) = run("BlendStyle", generator=blendgan, indicator=6, seed=0, reference=picture)
    (again,) = run("BlendStyle", generator=tuned, indicator=6, seed=0, reference=picture)
    assert not torch.equal(drawn, run("Stylize", style=before, latent=latent, strength=1.0)[0])
    assert torch.allclose(drawn, run("Stylize", style=again, latent=latent, strength=1.0)[0], atol=1e-3)
    (saved,) = (comfy_folder / "models").rglob("odd*.safetensors")
    loaded = importlib.import_module(f"{engine.__name__}.bundle").load(saved)  # finds the bundle's BlendGAN again
    assert (loaded.architecture, loaded.style_encoder is None) == ("blendgan", False)
    assert saved.stat().st_size < 0.7 * blendgan.path.with_name("faces.safetensors").stat().st_size
    steps = []
    monkeypatch.setattr(part("comfy"), "check_interrupted", lambda: steps.append(1))
    learn(generator=blendgan, images=picture)
    assert not steps
    learn(generator=blendgan, images=picture, iterations=3)
    assert steps == [1]


@pytest.mark.parametrize(
    ("more", "message"),
    [({}, "from one picture, and there are 4"), ({"more_images": 1}, "more_images is connected, and a BlendGAN learns")],
)
def test_what_a_blendgan_does_not_take(learn, pictures, blendgan, more, message):
    with pytest.raises(Exception, match=message) as caught:
        learn(generator=blendgan, **dict.fromkeys(more, pictures))
    assert type(caught.value).__name__ == "PasticheError"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"images": torch.zeros(3, 16, 16, 3)}, "3 pictures of 'all': give at least 4"),
        ({"attributes": "one", "more": 1}, "two different"),
        ({"attributes": "one, two, one", "more": 1}, "two different"),
    ],
)
def test_what_is_missing(learn, pictures, more, message):
    if more.pop("more", None):
        more = {**more, "more_images": pictures}
    with pytest.raises(Exception, match=message) as caught:
        learn(**more)
    assert type(caught.value).__name__ == "PasticheError"
