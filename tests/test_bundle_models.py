"""The bundle's models of the methods by name; on a tiny bundle of random weights."""

import pytest
import torch

import pastiche
from pastiche import bundle
from pastiche.dualstylegan import DualSettings, DualStyle
from pastiche.errors import CheckpointError, PasticheError, StyleError
from pastiche.latents import Latent
from pastiche.resources import demo_models

MODELS = {"blendgan": "blendgan", "dualstylegan": "dualstylegan", "agilegan": "agilegan", "agilegan-toon": "agilegan"}


@pytest.fixture(autouse=True)
def folder(shipped):
    return shipped()


def test_what_there_is():
    assert list(demo_models()) == ["agilegan-encoder", "agilegan-ink", "agilegan-toon", "blendgan", "dualstylegan"]


@pytest.mark.parametrize(("name", "architecture"), MODELS.items())
def test_each_model_is_ready(name, architecture):
    """With an encoder for photos, a discriminator to compare images, and the generator that it was fine-tuned from."""
    base, model = pastiche.load("demo"), pastiche.load(f"demo:{name}")
    assert model.architecture == architecture == pastiche.inspect(f"demo:{name}").architecture
    assert model.is_demo
    assert {"generator", "discriminator", "encoder"} <= model.modules.keys()
    assert model.base.state_dict().keys() == base.generator.state_dict().keys()
    assert all(value.equal(base.discriminator.state_dict()[key]) for key, value in model.discriminator.state_dict().items())
    picture = torch.zeros(1, 3, 32, 32)
    latent = pastiche.invert(picture, model.generator, model.encoder)
    assert latent.space == ("w+" if name == "blendgan" else "z+")


def test_the_methods_are_the_first_of_their_models():
    first, second = (pastiche.load(f"demo:agilegan{name}").generator for name in ("-ink", "-toon"))
    named = pastiche.load("demo:agilegan").generator.state_dict()
    assert all(value.equal(named[key]) for key, value in first.state_dict().items())
    assert not all(value.equal(named[key]) for key, value in second.state_dict().items())


def test_a_shared_encoder_alone():
    assert list(pastiche.load("demo:agilegan-encoder").modules) == ["encoder"]


def test_styles_are_made_of_them():
    picture = torch.zeros(1, 3, 32, 32)
    latent = pastiche.invert(picture, pastiche.load("demo").generator, pastiche.load("demo").encoder)
    blend, dual, agile = (pastiche.load(f"demo:{name}") for name in ("blendgan", "dualstylegan", "agilegan"))
    styles = (
        pastiche.blend_style(blend, torch.zeros(1, 3, 256, 256)),
        pastiche.dual_style(dual, "bob"),
        pastiche.dual_style(dual, picture, encoder=dual.encoder),
        pastiche.dual_style(dual, seed=1),
        pastiche.attribute_style(agile, "male"),
    )
    for style in styles:
        assert style(latent).shape == picture.shape
        assert not style(latent, strength=0.5).equal(style(latent))


def test_exemplars_of_a_model():
    assert list(pastiche.load_exemplars("demo:dualstylegan")) == ["ann", "bob"]
    with pytest.raises(StyleError, match="demo:blendgan holds no exemplars"):
        pastiche.load_exemplars("demo:blendgan")


def test_what_is_not_there(folder, monkeypatch, tmp_path):
    with pytest.raises(PasticheError, match=r"has no 'cubism', but demo, demo:agilegan-encoder, .*demo:dualstylegan"):
        pastiche.load("demo:cubism")
    with pytest.raises(PasticheError, match="has no 'agilegan-lace', but"):
        pastiche.inspect("demo:agilegan-lace")
    monkeypatch.setattr("pastiche.resources._shipped", tmp_path.joinpath)
    with pytest.raises(
        PasticheError, match=r"has no .blendgan., but demo: load one of these, or a published file: `pastiche weights list`"
    ):
        pastiche.load("demo:blendgan")


def test_the_shared_encoder_is_not_a_style(monkeypatch, folder, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "agilegan-encoder.safetensors").symlink_to(folder / "agilegan-encoder.safetensors")
    monkeypatch.setattr("pastiche.resources._shipped", tmp_path.joinpath)
    with pytest.raises(PasticheError, match="has no 'agilegan'"):
        pastiche.load("demo:agilegan")


def test_a_model_of_another_base(folder, small_generator, monkeypatch, tmp_path):
    """The base was replaced, and the models were not made again."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "blendgan.safetensors").symlink_to(folder / "blendgan.safetensors")
    other = pastiche.checkpoints.Checkpoint(architecture="stylegan2", generator=small_generator(32, seed=9))
    pastiche.save(other, tmp_path / "demo" / "faces.safetensors")
    monkeypatch.setattr("pastiche.resources._shipped", tmp_path.joinpath)
    with pytest.raises(CheckpointError, match="has other weights"):
        pastiche.load("demo:blendgan")


def test_a_model_as_a_base(tmp_path):
    """What is fine-tuned from a model of the bundle finds it again by its name."""
    model = pastiche.load("demo:blendgan")
    tuned = pastiche.checkpoints.Checkpoint(architecture="blendgan", generator=model.generator)
    pastiche.save(tuned, tmp_path / "tuned.safetensors", base=model, base_name="demo:blendgan")
    assert pastiche.load(tmp_path / "tuned.safetensors").generator.style[1].weight.equal(model.generator.style[1].weight)


def test_a_file_of_the_bundle_is_found_by_its_name(folder):
    assert bundle.file_of("demo:agilegan") == folder / "agilegan-ink.safetensors"


@pytest.mark.parametrize("strength", [0, 0.5, 1])
@pytest.mark.parametrize("name", ["blendgan", "dualstylegan", "agilegan"])
def test_styles_draw_an_edit_in_s_space_as_the_same_edit_in_w_plus(name, strength, relative_error):
    model = pastiche.load(f"demo:{name}")
    style = {
        "blendgan": lambda: pastiche.blend_style(model, seed=1, indicator=2),
        "dualstylegan": lambda: DualStyle(model.generator, pastiche.dual_style(model, "bob").code, DualSettings(color=0.5)),
        "agilegan": lambda: pastiche.attribute_style(model, 0.5),
    }[name]()
    rng = torch.Generator().manual_seed(0)
    w_plus, step = torch.randn(2, 2, model.generator.num_layers, model.generator.latent_dim, generator=rng)
    drawing = style._drawing(strength, style._shares(0.5)) if name == "agilegan" else model.generator
    before, after = (torch.cat(drawing.styles(codes), dim=1) for codes in (w_plus, w_plus + step))
    plain, moved = Latent(w_plus, "w+"), Latent(w_plus + step, "w+")
    wanted = style(moved, strength=strength)
    assert relative_error(style(Latent(w_plus, "w+", offset=after - before), strength=strength), wanted) < 1e-4
    assert relative_error(style(plain, strength=strength), wanted) > 0.05
