"""`pastiche stylize` with each of the four methods, and their styles in the other commands."""

from copy import deepcopy

import pytest
import torch

import pastiche
from pastiche.agilegan import AgileConfig, AgileGenerator
from pastiche.blendgan import BlendConfig, BlendGenerator, StyleEncoder, StyleEncoderConfig
from pastiche.checkpoints import Checkpoint, save
from pastiche.dualstylegan import CodeSampler, DualStyleConfig, DualStyleGenerator, Exemplars, ExemplarTable, SamplerConfig
from pastiche.encoders import EncoderConfig, PyramidEncoder
from pastiche.encoders.hvae import VariationalEncoder
from pastiche.jojogan import JoJoStyle, OneShot
from pastiche.stylegan2 import GeneratorConfig

ROWS = 8


@pytest.fixture(scope="module")
def models(tmp_path_factory, small_generator):
    """Files of the three methods whose model knows its styles, and what goes with them."""
    folder = tmp_path_factory.mktemp("models")
    source = small_generator(32)
    sizes = {name: getattr(source.config, name) for name in GeneratorConfig.__dataclass_fields__}
    torch.manual_seed(5)
    generators = {
        "blendgan": BlendGenerator(BlendConfig(**sizes, code_dim=10, code_layers=2)),
        "dualstylegan": DualStyleGenerator(DualStyleConfig(**sizes)),
        "agilegan": AgileGenerator(AgileConfig(**sizes, split=16)),
    }
    generators["blendgan"].add_weight.data.fill_(0.25)
    style_encoder = StyleEncoder(StyleEncoderConfig(widths=(4, 4, 8, 8, 8), code_dim=10))
    for name, generator in generators.items():
        extra = {"style_encoder": style_encoder} if name == "blendgan" else {}
        save(Checkpoint(architecture=name, generator=generator, source=name, **extra), folder / f"{name}.safetensors")
    blend = Checkpoint(architecture="blendgan", generator=generators["blendgan"], source="bare")
    save(blend, folder / "bare.safetensors")
    save(Checkpoint(architecture="blendgan", style_encoder=style_encoder, source="reads"), folder / "reads.safetensors")
    for space in ("w+", "z+"):
        config = EncoderConfig(num_layers=ROWS, w_dim=source.latent_dim, stem=4, widths=(4, 4, 8, 8), space=space)
        encoder = PyramidEncoder(config)
        save(Checkpoint(architecture="psp", encoder=encoder, generator=source, source=space), folder / f"{space}.safetensors")
    sampler = CodeSampler(SamplerConfig(structure_rows=7, color_rows=1, w_dim=source.latent_dim, noise_dim=8, hidden=8))
    save(Checkpoint(architecture="sampler", sampler=sampler, source="sampler"), folder / "sampler.safetensors")
    Exemplars(("a", "b"), torch.randn(2, ROWS, source.latent_dim)).save(folder / "codes.safetensors")
    return folder


@pytest.fixture
def stylize(run, run_json, models, picture, tmp_path):
    """Stylize the picture; gives the facts and the result, or the message where it goes wrong."""

    def call(method, encoder, *options, wrong=None, weights=None):
        target = tmp_path / "out.png"
        common = ["stylize", picture, "--aligned", "--weights", models / f"{weights or method}.safetensors", "--out", target]
        common += ["--encoder", models / f"{encoder}.safetensors", *options]
        if wrong is not None:
            status, _, err = run(*common)
            assert status == wrong
            return " ".join(err.replace("\u2502", " ").split())
        facts = run_json(*common)
        assert facts["method"] == method
        return pastiche.read(target)

    return call


CASES = [
    pytest.param("blendgan", "w+", ["--reference", "PICTURE"], ["--indicator", 8], id="blendgan"),
    pytest.param("blendgan", "w+", ["--style-seed", 1], ["--indicator", 7], id="blendgan-seed"),
    pytest.param("dualstylegan", "z+", ["--exemplars", "CODES", "--exemplar", "b"], ["--color", 0.2], id="dualstylegan"),
    pytest.param("dualstylegan", "z+", ["--reference", "PICTURE"], ["--structure", 0], id="dualstylegan-picture"),
    pytest.param(
        "dualstylegan", "z+", ["--style-seed", 2, "--sampler", "SAMPLER"], ["--preserve-color"], id="dualstylegan-any"
    ),
    pytest.param("agilegan", "w+", [], ["--attribute", "male"], id="agilegan"),
    pytest.param("agilegan", "w+", [], ["--attribute", 0.5], id="agilegan-between"),
]


@pytest.mark.parametrize(("method", "encoder", "making", "steering"), CASES)
def test_each_method(stylize, models, picture, tmp_path, method, encoder, making, steering):
    places = {"PICTURE": picture, "CODES": models / "codes.safetensors", "SAMPLER": models / "sampler.safetensors"}
    making = [places.get(option, option) for option in making]
    plain, kept, again = (tmp_path / f"{name}.safetensors" for name in ("plain", "kept", "again"))
    drawn = stylize(method, encoder, *making, "--save-style", plain)
    steered = stylize(method, encoder, *making, *steering, "--save-style", kept)
    assert not torch.equal(steered, drawn), "the method's own option does nothing"
    assert not torch.equal(stylize(method, encoder, *making, "--strength", 0), drawn)
    assert torch.equal(stylize(method, encoder, "--style", plain), drawn)
    assert torch.equal(stylize(method, encoder, "--style", kept), steered), "the option is not in the file"
    assert torch.equal(stylize(method, encoder, "--style", plain, *steering, "--save-style", again), steered)
    assert torch.equal(stylize(method, encoder, "--style", again), steered), "the option is lost on the second way"


@pytest.fixture
def dual(stylize, models):
    """A DualStyleGAN's drawing after its exemplars."""

    def call(*options, exemplars=("a",), **how):
        chosen = [word for name in exemplars for word in ("--exemplar", name)]
        return stylize("dualstylegan", "z+", "--exemplars", models / "codes.safetensors", *chosen, *options, **how)

    return call


def test_amounts_for_each_row(dual):
    assert torch.equal(dual("--structure", "0.5,0.5,0.5,0.5,0.5,0.5,0.5"), dual("--structure", 0.5))
    assert not torch.equal(dual("--structure", "0,0,0,0,0.5,0.5,0.5"), dual("--structure", 0.5))
    assert "7 rows" in dual("--structure", "0.5,1", wrong=1)


@pytest.mark.parametrize("amount", ["much", "1,,1", "-1", "nan", "inf", ""])
def test_amounts_that_are_none(dual, amount):
    assert "expected a number of at least 0" in dual(f"--color={amount}", wrong=2)


def test_truncation(dual):
    assert not torch.equal(dual("--truncation", 1), dual())
    assert torch.equal(dual("--truncation", 0.75), dual())


def test_colors_are_no_longer_preserved_when_told_so(stylize, dual, tmp_path):
    kept = tmp_path / "kept.safetensors"
    dual("--preserve-color", "--save-style", kept)
    assert torch.equal(stylize("dualstylegan", "z+", "--style", kept, "--no-preserve-color"), dual())


def test_exemplars_in_the_checkpoint(dual, stylize, models):
    table = ExemplarTable.of(pastiche.load_exemplars(models / "codes.safetensors"))
    generator = pastiche.load(models / "dualstylegan.safetensors").generator
    whole = Checkpoint(architecture="dualstylegan", generator=generator, exemplars=table, source="whole")
    save(whole, models / "whole.safetensors")
    assert torch.equal(stylize("dualstylegan", "z+", "--exemplar", "b", weights="whole"), dual(exemplars=("b",)))


def test_several_exemplars_are_mixed(dual):
    mixed = dual(exemplars=("a", "b"))
    assert torch.equal(mixed, dual(exemplars=("1", "0")))
    assert not any(torch.equal(mixed, dual(exemplars=(name,))) for name in ("a", "b"))


def test_a_style_encoder_of_another_file(stylize, models, picture, run):
    own = stylize("blendgan", "w+", "--reference", picture)
    common = ["stylize", picture, "--aligned", "--reference", picture, "--encoder", models / "w+.safetensors"]
    common += ["--weights", models / "bare.safetensors", "--out", models / "bare.png"]
    assert run(*common)[0] == 1
    assert run(*common, "--style-encoder", models / "reads.safetensors")[0] == 0
    assert torch.equal(pastiche.read(models / "bare.png"), own)


@pytest.fixture
def jojo(models, tmp_path):
    """A style learned on the DualStyleGAN's generator."""
    base = pastiche.load(models / "dualstylegan.safetensors").generator
    tuned = deepcopy(base)
    tuned.conv1.conv.weight.data.mul_(1.2)
    JoJoStyle(base, tuned, OneShot()).save(tmp_path / "jojo.safetensors")
    return tmp_path / "jojo.safetensors"


def test_options_are_those_of_the_saved_style(run, run_json, stylize, models, picture, jojo):
    assert "--structure is no option of jojogan" in stylize("dualstylegan", "z+", "--style", jojo, "--structure", 0, wrong=2)
    assert "holds a style of jojogan" in stylize("dualstylegan", "z+", "--style", jojo, "--method", "dualstylegan", wrong=1)
    common = ["stylize", picture, "--aligned", "--weights", models / "dualstylegan.safetensors", "--style", jojo]
    facts = run_json(*common, "--encoder", models / "z+.safetensors", "--out", models / "jojo.png")
    assert facts["method"] == "jojogan"


@pytest.mark.parametrize(
    "command", [("interpolate", "seed:1", "seed:2", "-n", 2, "--out", "a.webp"), ("generate", "--out", "a.png")]
)
def test_agilegan_leads_back_in_every_command(run, run_json, stylize, models, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    stylize("agilegan", "w+", "--save-style", "style.safetensors")
    common = [*command, "--weights", models / "agilegan.safetensors", "--style", "style.safetensors", "--strength", 0.5]
    assert "AgileGAN's encoder file" in " ".join(run(*common)[2].split())
    assert run_json(*common, "--encoder", models / "w+.safetensors")


def test_agilegan_finds_the_way_back_in_the_encoder_file(stylize, models, picture):
    face = pastiche.load(models / "w+.safetensors")
    latent = pastiche.invert(pastiche.align(picture, 32, aligned=True)[0].crop, face.generator, face.encoder)
    plain = stylize("agilegan", "w+", "--strength", 0, "--precision", "float32")
    assert (plain - face.generator(latent).clamp(-1, 1)).abs().max() < 2 / 255


@pytest.mark.parametrize(
    ("method", "encoder", "options", "message"),
    [
        ("blendgan", "w+", [], "--reference, an image of the style, or --style-seed"),
        ("blendgan", "w+", ["--style-seed", 1, "--exemplar", "a"], "--exemplar is no option of blendgan"),
        ("dualstylegan", "z+", [], "give one of --exemplar"),
        ("dualstylegan", "z+", ["--exemplar", "a"], "--exemplars (exstyle_code.npy)"),
        ("agilegan", "w+", ["--reference", "me.png"], "--reference is no option of agilegan"),
    ],
)
def test_wrong_use(stylize, method, encoder, options, message):
    assert message in stylize(method, encoder, *options, wrong=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--style-seed", 1], "sampler.pt"),
        (["--method", "blendgan", "--style-seed", 1], "has the architecture dualstylegan, but blendgan needs blendgan"),
    ],
)
def test_what_is_missing(stylize, options, message):
    assert message in stylize("dualstylegan", "z+", *options, wrong=1)


@pytest.fixture
def raw(models, tmp_path, small_generator):
    """Encoder files as the releases lay them out, by what they say of themselves."""
    known = pastiche.load(models / "z+.safetensors").encoder
    torch.manual_seed(4)
    vae = VariationalEncoder(
        EncoderConfig(num_layers=ROWS, w_dim=16, stem=4, widths=(4, 4, 8, 8), space="z+", add_average=False)
    )
    for kind, encoder in (("GradualStyleEncoder", known), ("Encoder4Editing", known), ("VAEStyleEncoder", vae)):
        state = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items() if name != "latent_avg"}
        options = {"encoder_type": kind, "start_from_latent_avg": encoder is known}
        average = {"latent_avg": known.latent_avg} if encoder is known else {}
        torch.save({"state_dict": state, "opts": options, **average}, tmp_path / f"{kind}.pt")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("stylize", "PICTURE", "--aligned", "--exemplars", "CODES", "--exemplar", "a", "--out", "out.png"),
        ("stylize", "PICTURE", "--aligned", "--style", "STYLE", "--out", "out.png"),
        ("interpolate", "PICTURE", "seed:1", "--aligned", "--out", "out.webp"),
        ("invert", "PICTURE", "--aligned", "--out", "out.safetensors"),
    ],
    ids=["exemplar", "style", "film", "invert"],
)
def test_an_encoder_that_may_be_either_is_not_guessed(run, dual, models, picture, raw, monkeypatch, command):
    monkeypatch.chdir(raw)
    dual("--save-style", "style.safetensors")
    places = {"PICTURE": picture, "CODES": models / "codes.safetensors", "STYLE": "style.safetensors"}
    command = [places.get(word, word) for word in command] + ["--weights", models / "dualstylegan.safetensors"]
    (raw / "out.png").unlink()
    status, _, err = run(*command, "--encoder", "GradualStyleEncoder.pt")
    assert status == 1
    assert "--space z+" in " ".join(err.split())
    assert not list(raw.glob("out.*"))
    assert run("convert", "GradualStyleEncoder.pt", "--architecture", "psp", "--space", "z+")[0] == 0
    assert run(*command, "--encoder", "GradualStyleEncoder.safetensors")[0] == 0


@pytest.mark.parametrize("kind", ["Encoder4Editing", "VAEStyleEncoder"])
def test_an_encoder_that_can_be_but_one_is_taken(run, models, picture, raw, kind):
    common = ["stylize", picture, "--aligned", "--weights", models / "dualstylegan.safetensors", "--out", raw / "out.png"]
    common += ["--exemplars", models / "codes.safetensors", "--exemplar", "a"]
    status, _, err = run(*common, "--encoder", raw / f"{kind}.pt")
    assert status == 0, err
