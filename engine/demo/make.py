"""Training of the demo bundle from scratch, in resumable stages."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ..checkpoints import Checkpoint, load, save
from ..checkpoints.checkpoint import DEMO_SOURCE
from ..encoders.compact import SEEN, CompactEncoder
from ..faces.blocks import StoredModule
from ..numerics import choose_dtype
from ..progress import Progress, Step
from ..stylegan2 import Discriminator, Generator
from ..synthetic.dataset import PortraitDataset, render
from .adversarial import sharpen
from .attributes import learn_attributes
from .classifier import learn_classifier
from .data import level
from .detector import learn_detector
from .dualstylegan import learn_dualstylegan
from .encoder import learn_coordinates, learn_encoder
from .evaluate import evaluate
from .generator import regress
from .joint import Pair, learn_together
from .landmarks import learn_landmarks
from .parsing import learn_parsing
from .perceptual import learn_perceptual
from .recipe import (
    SMALL_DUAL_STYLING,
    SMALL_GENERATOR,
    Adversarial,
    Classifying,
    Detecting,
    DualStyling,
    Encoding,
    Joint,
    Landmarking,
    Parsing,
    Perceiving,
    Portraits,
    Reading,
    Regression,
)
from .run import Run

__all__ = ["PRESETS", "Recipe", "make", "pack", "train_face_networks"]

LICENSE = "MIT"
FACES = "faces.safetensors"
AGAINST = Adversarial().joint


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All parameters of the bundle."""

    portraits: Portraits = field(default_factory=Portraits)
    regression: Regression = field(default_factory=Regression)
    encoding: Encoding = field(default_factory=Encoding)
    joint: tuple[Joint, ...] = (
        Joint(images=200_000, side=64),
        Joint(images=200_000, side=128, lr=6e-3),
        Joint(images=60_000, side=256, batch=16, lr=4e-3),
    )
    adversarial: tuple[Adversarial, ...] = (
        Adversarial(joint=replace(AGAINST, images=200_000, side=128), pixels_side=64),
        Adversarial(joint=replace(AGAINST, images=80_000)),
    )
    landmarking: Landmarking = field(default_factory=Landmarking)
    parsing: Parsing = field(default_factory=Parsing)
    perceiving: Perceiving = field(default_factory=Perceiving)
    classifying: Classifying = field(default_factory=Classifying)
    detecting: Detecting = field(default_factory=Detecting)
    reading: Reading = field(default_factory=Reading)
    dual: DualStyling = field(default_factory=DualStyling)


PRESETS = {
    "full": Recipe(),
    "small": Recipe(
        portraits=Portraits(levels=((128, 8_000), (256, 1_500)), painted=(128, 1_000)),
        regression=Regression(generator=SMALL_GENERATOR, stages=((16, 20_000), (32, 12_000), (64, 30_000)), batch=16),
        encoding=Encoding(coordinates=10_000, images=4_000, batch=16),
        joint=(
            Joint(images=32_000, batch=16, side=64),
            Joint(images=24_000, batch=16, side=128, lr=6e-3),
            Joint(images=8_000, batch=8, side=256, lr=4e-3),
        ),
        adversarial=(
            Adversarial(joint=replace(AGAINST, images=16_000, side=128, batch=8), pixels_side=64),
            Adversarial(joint=replace(AGAINST, images=6_000, batch=8)),
        ),
        landmarking=Landmarking(images=24_000, batch=32),
        reading=Reading(images=40_000),
        dual=SMALL_DUAL_STYLING,
    ),
}
"""The full bundle, for a GPU; and a small one for a CPU."""


def make(
    folder: Path,
    out: Path,
    *,
    recipe: Recipe | None = None,
    device: torch.device | None = None,
    stage: Callable[[str], Progress],
) -> None:
    """Paint the portraits, train every network of the bundle and write its files.

    Args:
        folder: for portraits and training states, some gigabytes. An existing run in it is resumed.
        out: folder for the bundle.
        recipe: the parameters; `PRESETS["full"]` by default.
        device: to train on.
        stage: called with the name of each stage; returns its progress callback.

    Raises:
        TrainingError: the folder holds the state of another recipe, or a loss is no longer finite.
    """
    recipe = recipe or Recipe()
    device = device or torch.device("cpu")
    run = Run(folder=folder, device=device, precision=choose_dtype("auto", device), held_out=recipe.portraits.held_out)
    levels, painted = _paint(folder, recipe.portraits, device, stage)
    plain = level(levels, SEEN)
    generator = regress(levels, run, recipe=recipe.regression, progress=stage("training the generator"))
    trunk = learn_coordinates(
        plain, painted, run, recipe=recipe.encoding, progress=stage("training the encoder on coordinates")
    )
    encoder = learn_encoder(
        trunk, generator, plain, painted, run, recipe=recipe.encoding, progress=stage("training the encoder")
    )
    pair = Pair(generator, encoder)
    for joint in recipe.joint:
        pair = learn_together(
            pair,
            level(levels, max(joint.side, SEEN)),
            painted,
            run,
            recipe=joint,
            encoding=recipe.encoding,
            progress=stage(f"training both together at {joint.side} pixels"),
        )
    critic: Discriminator | None = None
    for adversarial in recipe.adversarial:
        side = adversarial.joint.side
        pair, critic = sharpen(
            pair,
            critic,
            level(levels, max(side, SEEN)),
            painted,
            run,
            recipe=adversarial,
            encoding=recipe.encoding,
            progress=stage(f"adversarial training at {side} pixels"),
        )
    assert critic is not None  # every recipe has an adversarial stage
    pack(pair.generator, critic, pair.encoder, out)
    train_face_networks(plain, painted, run, out, recipe=recipe, stage=stage)
    base = load(out / FACES)
    dual = learn_dualstylegan(base, plain, run, recipe=recipe.dual, stage=stage)
    save(dual, out / "dualstylegan.safetensors", dtype=torch.float16, base=base, base_name="demo")
    evaluate(base, levels, out / "report")


def train_face_networks(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, out: Path, *, recipe: Recipe, stage: Callable[[str], Progress]
) -> None:
    """Train the networks that analyse faces on the portraits, and write their files.

    Args:
        out: gets ``landmarks``, ``parsing``, ``perceptual``, ``classifier``, ``detector`` and
            ``attributes.safetensors``.
    """
    out.mkdir(parents=True, exist_ok=True)
    landmarks = learn_landmarks(plain, painted, run, recipe=recipe.landmarking, progress=stage("training the landmark network"))
    _write(landmarks, out / "landmarks.safetensors")
    parsing = learn_parsing(plain, painted, run, recipe=recipe.parsing, progress=stage("training the parsing network"))
    _write(parsing, out / "parsing.safetensors")
    perceptual = learn_perceptual(
        plain, painted, run, recipe=recipe.perceiving, progress=stage("training the perceptual network")
    )
    _write(perceptual, out / "perceptual.safetensors")
    classifier = learn_classifier(plain, painted, run, recipe=recipe.classifying, progress=stage("training the classifier"))
    _write(classifier, out / "classifier.safetensors")
    detector = learn_detector(plain, painted, run, recipe=recipe.detecting, progress=stage("training the face detector"))
    _write(detector, out / "detector.safetensors")
    attributes = learn_attributes(plain, run, recipe=recipe.reading, progress=stage("training the attribute network"))
    _write(attributes, out / "attributes.safetensors")


def _write(network: StoredModule, path: Path) -> None:
    network.cpu().eval().save(path)


def _paint(
    folder: Path, portraits: Portraits, device: torch.device, stage: Callable[[str], Progress]
) -> tuple[list[PortraitDataset], PortraitDataset]:
    """The portraits at every size, and those in painted styles."""

    def painted(name: str, size: tuple[int, int], title: str, *, styled: bool = False) -> PortraitDataset:
        side, count = size
        progress = stage(title)
        return render(
            folder / name,
            count=count,
            resolution=side,
            seed=portraits.seed,
            workers=os.cpu_count() or 1,
            device=device,
            progress=lambda ready: progress(Step(index=ready, total=count)),
            styled=styled,
        )

    levels = [painted(f"portraits-{size[0]}", size, f"painting portraits of {size[0]} pixels") for size in portraits.levels]
    return levels, painted("painted", portraits.painted, "painting portraits in many styles", styled=True)


@torch.no_grad()
def pack(generator: Generator, discriminator: Discriminator, encoder: CompactEncoder, out: Path) -> None:
    """Write the generator's file, as float16.

    Args:
        out: gets ``faces.safetensors`` (generator, discriminator, encoder).
    """
    generator, discriminator = generator.cpu().eval(), discriminator.cpu().eval()
    generator.w_avg.copy_(generator.estimate_w_avg(100_000))
    out.mkdir(parents=True, exist_ok=True)
    faces = Checkpoint(
        architecture="stylegan2",
        generator=generator,
        discriminator=discriminator,
        encoder=encoder.cpu().eval(),
        source=DEMO_SOURCE,
        license=LICENSE,
    )
    save(faces, out / FACES, dtype=torch.float16)
