"""Making the demo bundle: the stages' parts quickly, all of it from nothing when there is time."""

import sys
from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche.checkpoints import Checkpoint
from pastiche.demo.encoder import encoder_config
from pastiche.demo.evaluate import evaluate
from pastiche.demo.make import Recipe, make
from pastiche.demo.method_recipes import ADVERSARIAL, PAIRED, AgileStyles, Blending, BlendStage, Styling
from pastiche.demo.mixing import APPEARANCE, mix, mixed_codes
from pastiche.demo.recipe import (
    APPEARANCE_ROW,
    DISCRIMINATOR,
    GENERATOR,
    Adversarial,
    Classifying,
    Detecting,
    Encoding,
    Joint,
    Landmarking,
    Parsing,
    Perceiving,
    Portraits,
    Regression,
    Separation,
)
from pastiche.encoders.compact import CompactEncoder
from pastiche.errors import Cancelled, PasticheError
from pastiche.faces.landmark_net import LandmarkNet
from pastiche.progress import silent
from pastiche.stylegan2 import Discriminator, Generator
from pastiche.synthetic.coordinates import COORDINATES
from pastiche.synthetic.dataset import render

from .test_dualstylegan import TINY as TINY_DUAL

TINY = Recipe(
    portraits=Portraits(levels=((128, 8), (256, 6)), painted=(128, 4), varied=(128, 6), held_out=2),
    regression=Regression(stages=((16, 4), (64, 2), (256, 2)), batch=2),
    separation=Separation(codes=4, batch=2),
    encoding=Encoding(coordinates=4, images=4, batch=2, painted=0.5),
    joint=(Joint(images=8, batch=4, side=64), Joint(images=4, batch=4)),
    adversarial=(
        Adversarial(joint=Joint(images=4, batch=4, side=128), r1_every=2, path_every=2),
        Adversarial(joint=Joint(images=8, batch=4, side=256), r1_every=2, path_every=2),
    ),
    texture=(Joint(images=4, batch=4, side=128, fine=0.3, texture=9.0),),
    landmarking=Landmarking(images=4, batch=2),
    parsing=Parsing(images=4, batch=2),
    perceiving=Perceiving(images=4, batch=2, side=64),
    classifying=Classifying(images=4, batch=2, side=32),
    detecting=Detecting(images=4, batch=2, side=64),
    agile=replace(
        AgileStyles.SMALL,
        styles=(("poster", 0),),
        pairs=(128, 4),
        exemplars=(256, 4),
        encoder_images=4,
        encoder_batch=2,
        copying=tuple((side, replace(settings, iterations=1, batch=2)) for side, settings in AgileStyles.SMALL.copying),
        sharpening=replace(AgileStyles.SMALL.sharpening, iterations=1, batch=2),
    ),
    blend=Blending(
        coarse=0,
        manners=2,
        styling=Styling(images=4, batch=2),
        stages=(
            BlendStage(name="pairs", settings=replace(PAIRED, side=128), images=4, batch=2),
            BlendStage(name="adversarial", settings=ADVERSARIAL, images=2, batch=2, fine=True),
        ),
    ),
    dual=TINY_DUAL,
)


def test_the_recipe_goes_through_its_stages_in_order():
    recipe = Regression(stages=((16, 10), (32, 5)))
    assert [recipe.side(seen) for seen in (0, 9, 10, 14, 15)] == [16, 16, 32, 32, 32]
    assert recipe.images == 15


def test_every_coordinate_of_appearance_exists():
    assert set(COORDINATES) >= APPEARANCE


def test_mixed_codes_keep_shape_in_early_rows_and_appearance_in_late_ones():
    torch.manual_seed(0)
    generator = Generator(GENERATOR)
    z = torch.randn(3, len(COORDINATES))
    plain = mixed_codes(generator, mix(z, 0.0, torch.Generator().manual_seed(1)))
    assert torch.allclose(plain, generator.broadcast(generator.mapping(z)), atol=1e-5)
    mixed = mixed_codes(generator, mix(z, 1.0, torch.Generator().manual_seed(1)))
    assert not mixed[:, 0].equal(plain[:, 0])
    assert not mixed[:, -1].equal(plain[:, 0])
    assert mixed[:, :APPEARANCE_ROW].equal(mixed[:, :1].expand(-1, APPEARANCE_ROW, -1))
    assert not mixed[:, 0].equal(mixed[:, -1])


@pytest.mark.slow
def test_the_bundle_is_made_from_nothing_and_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    evaluated = []
    seen, stop = [], ["adversarial training at 256 pixels"]

    def stage(name):
        seen.append(name)

        def progress(_step):
            if name in stop:
                raise Cancelled

        return progress

    run, out = tmp_path / "run", tmp_path / "bundle"
    with pytest.raises(Cancelled):
        make(run, out, recipe=TINY, stage=stage)
    assert seen[-1] == "adversarial training at 256 pixels"
    assert not out.exists()
    stop.clear()
    monkeypatch.setattr(sys.modules["pastiche.demo.make"], "evaluate", lambda models, *_args: evaluated.append(models))
    make(run, out, recipe=TINY, stage=stage)
    models = pastiche.load(out / "faces.safetensors")
    face = models.generator(models.encoder(torch.zeros(1, 3, 256, 256)))
    assert face.shape == (1, 3, 256, 256)
    assert face.isfinite().all()
    assert models.discriminator(face).isfinite().all()
    LandmarkNet.load(out / "landmarks.safetensors")
    style = pastiche.attribute_style(pastiche.load(out / "agilegan-poster.safetensors"), "female")
    assert style(pastiche.load(out / "agilegan-encoder.safetensors").encoder(torch.zeros(1, 3, 256, 256))).isfinite().all()
    first = (out / "faces.safetensors").read_bytes()
    make(run, out, recipe=TINY, stage=stage)
    assert (out / "faces.safetensors").read_bytes() == first
    assert len(evaluated) == 2


@pytest.mark.gpu
def test_the_bundle_is_trained_on_a_gpu(cuda, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["pastiche.demo.make"], "evaluate", lambda *_args: None)
    out = tmp_path / "bundle"
    make(tmp_path / "run", out, recipe=TINY, device=cuda, stage=lambda _name: silent)
    models = pastiche.load(out / "faces.safetensors", device=cuda)
    face = models.generator(models.encoder(torch.zeros(1, 3, 256, 256, device=cuda)))
    assert face.isfinite().all()
    style = pastiche.attribute_style(pastiche.load(out / "agilegan-poster.safetensors", device=cuda), "female")
    encoder = pastiche.load(out / "agilegan-encoder.safetensors", device=cuda).encoder
    assert style(encoder(torch.zeros(1, 3, 256, 256, device=cuda))).isfinite().all()


def test_what_evaluates_is_missed_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", None)
    with pytest.raises(PasticheError, match=r"pip install \"pastiche\[metrics\]\""):
        make(tmp_path / "run", tmp_path / "out", recipe=TINY, stage=lambda _name: silent)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_bundle_is_judged(tmp_path):
    folder = tmp_path / "portraits"
    dataset = render(folder, count=8, resolution=256, seed=0, workers=1, progress=lambda _ready: None)
    torch.manual_seed(0)
    models = Checkpoint(
        architecture="stylegan2",
        generator=Generator(GENERATOR).eval(),
        discriminator=Discriminator(DISCRIMINATOR).eval(),
        encoder=CompactEncoder(encoder_config()).eval(),
    )
    report = evaluate(models, [dataset], tmp_path / "report", held_out=2, count=50)
    assert report.strangers_features > 0
    assert report.frechet > report.frechet_floor  # noise is no portrait
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "held_out.jpg",
        "interpolation.jpg",
        "random.jpg",
        "report.json",
    ]
