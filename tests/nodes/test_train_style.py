"""Train Style on a generator of a few channels."""

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


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"images": torch.zeros(3, 16, 16, 3)}, "3 pictures of 'all': give at least 4"),
        ({"attributes": "one", "more": 1}, "two different"),
    ],
)
def test_what_is_missing(learn, pictures, more, message):
    if more.pop("more", None):
        more = {**more, "more_images": pictures}
    with pytest.raises(Exception, match=message) as caught:
        learn(**more)
    assert type(caught.value).__name__ == "PasticheError"
