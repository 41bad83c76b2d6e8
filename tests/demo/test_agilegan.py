"""The demo's AgileGAN, at a size that trains in seconds: pairs of people painted in one manner, the VAE, and the transfer."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import pastiche
from pastiche import checkpoints
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.checkpoints import Checkpoint
from pastiche.demo.agilegan import learn_agilegan, paint_styles, paired_with
from pastiche.demo.encoder import encoder_config
from pastiche.demo.manner import ATTRIBUTES, attribute_of, paint_people, people_of
from pastiche.demo.method_recipes import AgileStyles
from pastiche.demo.recipe import Encoding
from pastiche.demo.run import Run
from pastiche.demo.variational import PortraitExamples, learn_variational, variational_encoder
from pastiche.encoders.compact import CompactEncoder
from pastiche.encoders.training import perception_of
from pastiche.errors import Cancelled, TrainingError
from pastiche.progress import silent
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from pastiche.synthetic.coordinates import COORDINATES, INDEX
from pastiche.synthetic.dataset import code
from pastiche.synthetic.parameters import parameters
from pastiche.synthetic.styles import PaintedStyle
from pastiche.training.task import Moment

SIDE = 32
CHANNELS = {4: 8, 8: 8, 16: 8, 32: 8}
PEOPLE = (3, 4, 5, 6)  # of whom number 5 is a man
ENCODING = Encoding(batch=2, painted=0.0)
STEPS = {"batch": 2, "split": 16, "frozen": (4, 8), "noise": False, "flip": 0.0}
COPYING = AgileTransfer(
    **STEPS, iterations=2, weight_adversarial=0.0, weight_structure=0.0, weight_paired=1.0, r1=0.0, path=0.0, snapshots=2
)
TINY = AgileStyles(
    styles=(("poster", 0),),
    pairs=(SIDE, 4),
    exemplars=(SIDE, 4),
    encoder=replace(AgileStyles().encoder, side=16),
    encoder_images=4,
    encoder_batch=2,
    copying=((SIDE // 2, COPYING), (SIDE, COPYING)),
    sharpening=AgileTransfer(**STEPS, iterations=2, weight_paired=1.0, weight_paired_features=0.5, own_rows=0.5, snapshots=1),
)


@pytest.fixture(scope="session")
def faces():
    """A base of a few channels, whose encoder looks for the codes of its generator."""
    torch.manual_seed(0)
    config = GeneratorConfig(resolution=SIDE, channels=CHANNELS, z_dim=len(COORDINATES), w_dim=16, mapping_layers=2)
    shape = replace(encoder_config(), num_layers=config.num_layers, w_dim=16, channels=(8, 8, 8, 16, 16), hidden=16, rank=8)
    parts = Generator(config), Discriminator(DiscriminatorConfig(resolution=SIDE, channels=CHANNELS)), CompactEncoder(shape)
    generator, discriminator, encoder = (part.requires_grad_(False).eval() for part in parts)
    return Checkpoint(
        architecture="stylegan2", generator=generator, discriminator=discriminator, encoder=encoder, source="pastiche-demo"
    )


@pytest.fixture(scope="session")
def poster(tmp_path_factory):
    """A folder with four people in one manner."""
    folder = tmp_path_factory.mktemp("poster")
    paint_people(folder, PaintedStyle("poster"), PEOPLE, SIDE, seed=0, workers=1, progress=lambda _ready: None)
    return folder


@pytest.fixture
def run(tmp_path):
    return Run(folder=tmp_path, device=torch.device("cpu"), precision=torch.float32, held_out=0)


def test_the_painter_says_who_is_a_man():
    z = torch.zeros(2, len(COORDINATES))
    z[:, INDEX["masculine"]] = torch.tensor([-1.0, 1.0])
    assert attribute_of(z) == ["female", "male"] == list(ATTRIBUTES)


def test_people_are_painted_once_in_one_manner(poster):
    stamps = {path: path.stat().st_mtime_ns for path in poster.rglob("*.png")}
    assert sorted(path.relative_to(poster).as_posix() for path in stamps) == [
        *("female/000003.png", "female/000004.png", "female/000006.png", "male/000005.png"),
    ]
    seen = []
    found = paint_people(poster, PaintedStyle("poster"), (3, 5), SIDE, seed=0, workers=1, progress=seen.append)
    assert seen == [2]
    assert {path: path.stat().st_mtime_ns for path in poster.rglob("*.png")} == stamps
    assert {name: people_of(pictures) for name, pictures in found.items()} == {"female": [3], "male": [5]}
    again = PaintedStyle("poster")(parameters(code(5)[None]), SIDE).images
    assert (found["male"].picture(0) - again).abs().max() < 0.01


def test_examples_of_the_vae_know_their_codes(plain, painted):
    drawn = PortraitExamples(plain, painted, 0, Encoding(painted=0.5), side=16)
    draw = drawn.draw(torch.Generator().manual_seed(0), 2)
    inputs, targets = drawn.batch(draw, Moment())
    assert inputs.shape == (2, 3, 256, 256)
    assert targets.shape == (2, 3, 16, 16)
    assert draw["z"].shape == (2, len(COORDINATES))
    shown = drawn.shown(3, Moment())
    assert [len(part) for part in shown] == [3, 3]


def test_the_vae_starts_from_the_trunk_of_the_encoder(faces):
    made = variational_encoder(faces.encoder, faces.generator.config.z_dim, -4.0)
    images = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(made.features(images), faces.encoder.features(images))
    mean, log_variance = made.distribution(torch.zeros(1, 3, 256, 256))
    assert mean.shape == (1, faces.generator.num_layers, len(COORDINATES))
    assert mean.abs().max() == 0
    assert (log_variance == -4).all()


def test_the_vae_learns_and_keeps_its_frozen_layers(faces, plain, painted, run):
    losses = []
    made = learn_variational(
        faces.generator,
        faces.encoder,
        perception_of(faces.discriminator),
        plain,
        painted,
        run,
        recipe=replace(TINY, encoder=replace(TINY.encoder, lr=5e-3, decay=0.0, codes=1.0), encoder_images=160),
        encoding=ENCODING,
        progress=lambda step: losses.append(step.losses["encoder/codes"]),
    )
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])
    assert made.stem.weight.equal(faces.encoder.stem.weight)
    assert not made.hidden.weight.equal(faces.encoder.hidden.weight)
    assert made.codes.weight.any()


def test_every_painting_has_the_code_of_its_person_and_what_is_read(faces, plain, poster):
    found = paint_people(poster, PaintedStyle("poster"), (3,), SIDE, seed=0, workers=1, progress=lambda _ready: None)["female"]
    encoder = variational_encoder(faces.encoder, faces.generator.config.z_dim, -4.0).eval()
    torch.nn.init.normal_(encoder.codes.weight, generator=torch.Generator().manual_seed(0))
    pairs = paired_with(found, plain, encoder)
    assert pairs.codes.shape == (2, faces.generator.num_layers, len(COORDINATES))
    assert (pairs.codes[0] == code(3)).all()
    portrait = torch.nn.functional.interpolate(plain.batch(np.array([3]))[1], size=256, mode="nearest")
    torch.testing.assert_close(pairs.codes[1], encoder(portrait).codes[0], atol=1e-4, rtol=1e-4)
    assert pairs.pictures.picture(0).equal(pairs.pictures.picture(1))


def test_a_style_is_learned_stored_and_goes_on_where_it_was_stopped(faces, people, painted, run, poster, tmp_path):
    for part in ("pairs", "exemplars"):
        assert getattr(TINY, part)[0] == SIDE
    (run.folder / "manners").mkdir()
    (run.folder / "manners" / f"poster-0-{SIDE}").symlink_to(poster)

    def learned(folder, stop=""):
        def stage(name):
            def progress(step):
                if name == stop and step.losses:
                    raise Cancelled

            return progress

        return learn_agilegan(faces, people, painted, folder, recipe=TINY, encoding=ENCODING, stage=stage)

    made = learned(run)
    assert {name: model.architecture for name, model in made.items()} == {
        "agilegan-encoder": "hvae",
        "agilegan-poster": "agilegan",
    }
    assert made["agilegan-poster"].generator.config.attributes == ATTRIBUTES
    checkpoints.save(faces, tmp_path / "faces.safetensors")
    loaded = {}
    for name, model in made.items():
        stored = tmp_path / f"{name}.safetensors"
        checkpoints.save(model, stored, dtype=torch.float16, base=faces, base_name="faces.safetensors")
        loaded[name] = pastiche.load(stored)
    style = pastiche.attribute_style(loaded["agilegan-poster"], "male")
    latent = loaded["agilegan-encoder"].encoder(torch.zeros(1, 3, 256, 256))
    assert latent.space == "z+"
    assert style(latent).isfinite().all()
    halved = replace(run, folder=tmp_path / "halved")
    (halved.folder / "manners").mkdir(parents=True)
    (halved.folder / "manners" / f"poster-0-{SIDE}").symlink_to(poster)
    copying = [f"copying the poster style at {side} pixels" for side in (SIDE // 2, SIDE)]
    for stop in ("training the hierarchical VAE", *copying, "sharpening the poster style"):
        with pytest.raises(Cancelled):
            learned(halved, stop)
    again = learned(halved)
    for file, model in made.items():
        for slot, module in model.modules.items():
            for name, value in module.state_dict().items():
                assert again[file].modules[slot].state_dict()[name].equal(value), name


def test_models_of_an_earlier_bundle_are_trained_on(faces, people, painted, run, poster):
    (run.folder / "manners").mkdir()
    (run.folder / "manners" / f"poster-0-{SIDE}").symlink_to(poster)
    still = replace(TINY.encoder, lr=1e-30, codes=0.0)
    copying = tuple((side, replace(settings, lr=1e-30)) for side, settings in TINY.copying)
    steps = {"copying": copying, "sharpening": replace(TINY.sharpening, lr=1e-30)}

    def learned(folder, recipe, start=lambda _name: None):
        there = replace(run, folder=run.folder / folder)
        (there.folder / "manners").parent.mkdir()
        (there.folder / "manners").symlink_to(run.folder / "manners")
        stage = lambda _name: silent  # noqa: E731
        return learn_agilegan(faces, people, painted, there, recipe=recipe, encoding=ENCODING, stage=stage, start=start)

    before = learned("before", TINY)
    after = learned("after", replace(TINY, encoder=still, **steps), before.get)
    for name, model in before.items():
        for slot, module in model.modules.items():
            found = after[name].modules[slot].state_dict()
            for key, value in module.state_dict().items():
                torch.testing.assert_close(found[key], value, msg=lambda text, key=key: f"{key}: {text}")
    with pytest.raises(TrainingError, match="holds no compact hierarchical VAE"):
        learned("wrong", TINY, lambda _name: before["agilegan-poster"])


@pytest.fixture(scope="session")
def people(plain):
    """The same portraits, as if the first three were not painted yet: the others are those of `poster`."""
    wanted = max(PEOPLE) + 1
    grown = {name: np.concatenate([getattr(plain, name)] * 2)[:wanted] for name in ("images", "landmarks", "masks")}
    return replace(plain, **grown, done=np.isin(np.arange(wanted), PEOPLE))


def test_paintings_of_every_style(plain, tmp_path):
    seen = []
    recipe = replace(TINY, styles=(("poster", 2),), pairs=(SIDE, 1), exemplars=(16, 1))
    found = paint_styles(tmp_path, plain, 3, recipe=recipe, stage=lambda name: seen.append(name) or silent)
    assert seen == ["painting poster portraits of 32 pixels", "painting poster portraits of 16 pixels"]
    assert people_of(found["poster"].pairs["female"]) == [3]
    assert found["poster"].exemplars["female"].resolution == 16


def test_a_base_without_what_the_networks_start_from(faces, plain, painted, run):
    with pytest.raises(TrainingError, match="lacks a compact encoder or a discriminator"):
        learn_agilegan(
            replace(faces, discriminator=None),
            *(plain, painted, run),
            recipe=TINY,
            encoding=ENCODING,
            stage=lambda _name: silent,
        )
