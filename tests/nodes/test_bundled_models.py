"""The bundle's models of the methods in the loaders; on a tiny bundle of random weights."""

import importlib
from dataclasses import replace

import pytest
import torch


@pytest.fixture
def resources(engine):
    return importlib.import_module(f"{engine.__name__}.resources")


@pytest.fixture
def folder(shipped, resources):
    return shipped(resources)


@pytest.fixture
def choices(pack):
    """The bundled choices of a loader."""

    def offered(kind):
        listed = pack.NODE_CLASS_MAPPINGS[f"PasticheLoad{kind}"].INPUT_TYPES()["required"]["checkpoint"][0]
        return [name for name in listed if name.startswith("demo")]

    return offered


def test_what_the_loaders_offer(choices, folder):
    methods = ["demo: agilegan", "demo: blendgan", "demo: dualstylegan"]
    styles = ["demo: agilegan-ink", "demo: agilegan-toon"]
    assert choices("StyleGAN") == ["demo (comes with Pastiche)", *methods, *styles]
    assert choices("FaceEncoder") == ["demo (comes with Pastiche)", "demo: agilegan-encoder", "demo: dualstylegan"]
    assert choices("StyleEncoder") == ["demo: blendgan"]


def test_only_what_is_there_is_offered(choices, pack, resources, folder, monkeypatch, tmp_path):
    (tmp_path / "demo").mkdir()
    for name in ("faces", "blendgan"):
        (tmp_path / "demo" / f"{name}.safetensors").symlink_to(folder / f"{name}.safetensors")
    monkeypatch.setattr(resources, "_shipped", tmp_path.joinpath)
    assert choices("StyleGAN") == ["demo (comes with Pastiche)", "demo: blendgan"]
    loader = pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"]
    assert loader.VALIDATE_INPUTS(checkpoint="demo: blendgan") is True
    said = loader.VALIDATE_INPUTS(checkpoint="demo: dualstylegan")
    assert said == (
        "the bundle has no 'dualstylegan', but demo, demo:blendgan: choose another checkpoint: a bundled one, or one of the "
        "catalog"
    )


def test_a_model_is_loaded_with_what_it_needs(run, folder):
    networks, info = run("LoadStyleGAN", checkpoint="demo: agilegan-toon")
    assert networks.checkpoint.architecture == "agilegan"
    assert networks.ships
    assert {"generator", "discriminator", "encoder"} <= networks.patchers.keys()
    assert "source: pastiche-demo: agilegan-toon" in info
    assert networks.path == folder / "agilegan-toon.safetensors"


def test_the_encoders_of_models(run, folder):
    assert run("LoadFaceEncoder", checkpoint="demo: agilegan-encoder")[0].checkpoint.encoder is not None
    assert run("LoadStyleEncoder", checkpoint="demo: blendgan")[0].style_encoder is not None


def test_strength_needs_no_source(run, folder, photo):
    """The bundle's model knows the generator that it was fine-tuned from."""
    networks, _ = run("LoadStyleGAN", checkpoint="demo: agilegan")
    (style,) = run("AttributeStyle", generator=networks, attribute="male")
    latent, _ = run("GenerateFaces", generator=networks, seed=1, count=1, psi=0.7)
    full, half = (run("Stylize", style=style, latent=latent, strength=amount)[0] for amount in (1.0, 0.5))
    assert full.shape == half.shape == (1, 32, 32, 3)
    assert not full.equal(half)


def test_a_person_in_the_style_of_an_agilegan(run, folder):
    """Its source is tuned, which the bundle's model knows and a published file does not hold."""
    networks, _ = run("LoadStyleGAN", checkpoint="demo: agilegan")
    (style,) = run("AttributeStyle", generator=networks, attribute="male")
    latent, crops = run("GenerateFaces", generator=networks, seed=1, count=1, psi=0.7)
    person, drawn = run("TuneToFace", generator=networks, crops=crops, latent=latent, steps=3)
    assert drawn.shape == crops.shape
    given = {"style": style, "latent": latent, "strength": 1.0}
    (alone,) = run("Stylize", **given)
    assert run("Stylize", **given, person=person, likeness=0.0)[0].equal(alone)
    assert not run("Stylize", **given, person=person, likeness=1.0)[0].equal(alone)
    orphan = replace(networks, checkpoint=replace(networks.checkpoint, base=None))
    with pytest.raises(Exception, match="connect the face generator that it was fine-tuned from"):
        run("TuneToFace", generator=orphan, crops=crops, latent=latent, steps=3)


def test_edits_of_a_person_are_drawn_in_the_style_of_an_agilegan(run, folder):
    """Its source is tuned, as for a style, and its paths keep the likeness."""
    networks, _ = run("LoadStyleGAN", checkpoint="demo: agilegan")
    latent, crops = run("GenerateFaces", generator=networks, seed=1, count=1, psi=0.7)
    person, _ = run("TuneToFace", generator=networks, crops=crops, latent=latent, steps=3)
    directions, _ = run("FindDirections", generator=networks, method="sefa", count=1)
    (name,) = directions
    given = {"generator": networks, "latent": latent, "name": name, "amount": 1.0, "directions": directions}
    alone, known = (run("EditDirection", **given, person=person, likeness=amount)[1] for amount in (0.0, 1.0))
    assert alone.equal(run("EditDirection", **given)[1])
    assert not known.equal(alone)


@pytest.mark.parametrize(
    ("model", "node", "making"),
    [
        ("blendgan", "BlendStyle", {"indicator": 2.0, "seed": 3}),
        (
            "dualstylegan",
            "DualStyleTransfer",
            {"exemplars": "automatic", "exemplar": "bob", "structure": 0.75, "color": 0.5, "seed": 0},
        ),
        ("agilegan", "AttributeStyle", {"attribute": "male"}),
    ],
)
def test_a_region_of_another_face_is_drawn_in_a_style_of_every_method(run, folder, model, node, making):
    networks, _ = run("LoadStyleGAN", checkpoint=f"demo: {model}")
    (style,) = run(node, generator=networks, **making)
    latent, donor = (run("GenerateFaces", generator=networks, seed=seed, count=1, psi=1.0)[0] for seed in (1, 2))
    changed, _ = run("TransferRegion", generator=networks, latent=latent, donor=donor, region="face", amount=1.0)
    (plain,), (drawn,) = (run("Stylize", style=style, latent=one, strength=0.7) for one in (latent, changed))
    assert not torch.allclose(plain, drawn, atol=1e-3)


def test_a_video_in_the_style_of_an_agilegan_is_tuned_on_its_source(run, part, folder):
    networks, _ = run("LoadStyleGAN", checkpoint="demo: agilegan")
    (style,) = run("AttributeStyle", generator=networks, attribute="male")
    video = part("video").video_networks(networks, None, 0.6, style)
    assert video.tunable is networks.checkpoint.base
    assert part("video").video_networks(networks, None, 0.6, None).tunable is networks.generator
