"""`pastiche stylize` with each of the four methods."""

import pytest
import torch

import pastiche
from pastiche.agilegan import AgileConfig, AgileGenerator
from pastiche.blendgan import BlendConfig, BlendGenerator, StyleEncoder, StyleEncoderConfig
from pastiche.checkpoints import Checkpoint, save
from pastiche.dualstylegan import CodeSampler, DualStyleConfig, DualStyleGenerator, Exemplars, SamplerConfig
from pastiche.encoders import EncoderConfig, PyramidEncoder
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

    def call(method, encoder, *options, wrong=None):
        target = tmp_path / "out.png"
        common = ["stylize", picture, "--aligned", "--weights", models / f"{method}.safetensors", "--out", target]
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
    kept = tmp_path / "style.safetensors"
    drawn = stylize(method, encoder, *making, "--save-style", kept)
    assert not torch.equal(stylize(method, encoder, *making, *steering), drawn), "the method's own option does nothing"
    assert not torch.equal(stylize(method, encoder, *making, "--strength", 0), drawn)
    assert torch.equal(stylize(method, encoder, "--style", kept), drawn)


def test_agilegan_finds_the_way_back_in_the_encoder_file(stylize, models, picture):
    face = pastiche.load(models / "w+.safetensors")
    latent = pastiche.invert(pastiche.align(picture, 32, aligned=True)[0].crop, face.generator, face.encoder)
    plain = stylize("agilegan", "w+", "--strength", 0)
    assert (plain - face.generator(latent).clamp(-1, 1)).abs().max() < 2 / 255


@pytest.mark.parametrize(
    ("method", "encoder", "options", "message"),
    [
        ("blendgan", "w+", [], "--reference, a picture of the style, or --style-seed"),
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
        (["--method", "blendgan", "--style-seed", 1], "is of the architecture dualstylegan, and blendgan needs blendgan"),
    ],
)
def test_what_is_missing(stylize, options, message):
    assert message in stylize("dualstylegan", "z+", *options, wrong=1)


def test_an_encoder_that_may_be_either_is_not_guessed(run, models, picture, tmp_path):
    encoder = pastiche.load(models / "z+.safetensors").encoder
    state = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items() if name != "latent_avg"}
    options = {"encoder_type": "GradualStyleEncoder", "start_from_latent_avg": True}
    torch.save({"state_dict": state, "latent_avg": encoder.latent_avg, "opts": options}, tmp_path / "encoder.pt")
    status, _, err = run(
        *(
            "stylize",
            picture,
            "--aligned",
            "--weights",
            models / "dualstylegan.safetensors",
            "--encoder",
            tmp_path / "encoder.pt",
        ),
        *("--exemplars", models / "codes.safetensors", "--exemplar", "a", "--out", tmp_path / "out.png"),
    )
    assert status == 1
    assert "--space z+" in " ".join(err.split())
    assert not (tmp_path / "out.png").exists()
