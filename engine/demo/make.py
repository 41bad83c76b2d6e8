"""Training of the demo bundle from scratch, in resumable stages."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ..checkpoints import Checkpoint, save
from ..checkpoints.checkpoint import DEMO_SOURCE
from ..encoders.compact import SEEN, CompactEncoder
from ..errors import TrainingError
from ..faces.blocks import StoredModule
from ..metrics.distribution import torchmetrics_of
from ..numerics import choose_dtype
from ..progress import Progress, Step
from ..stylegan2 import Discriminator, Generator
from ..synthetic.dataset import Kind, PortraitDataset, render
from .adversarial import sharpen
from .agilegan import learn_agilegan
from .blendgan import learn_blendgan
from .classifier import learn_classifier
from .data import Portfolio, level
from .detector import learn_detector
from .dualstylegan import learn_dualstylegan
from .encoder import learn_coordinates, learn_encoder
from .evaluate import evaluate
from .generator import regress
from .joint import Pair
from .landmarks import learn_landmarks
from .method_recipes import SMALL_BLENDING, SMALL_DUAL_STYLING, AgileStyles, Blending, DualStyling
from .methods import FACES, LICENSE, Material, base_of, write_models
from .paired import learn_together
from .parsing import learn_parsing
from .perceptual import learn_perceptual
from .recipe import (
    SMALL_GENERATOR,
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
from .run import Run
from .separation import separate

__all__ = [
    "METHODS",
    "PARTS",
    "PRESETS",
    "Recipe",
    "make",
    "pack",
    "parts_of",
    "portraits_for",
    "train_face_networks",
    "train_faces",
]

AGAINST = Adversarial().joint
TEXTURED = Joint(batch=16, lr=3e-3, read=0.6, fine=0.3, texture=9.0, average_images=1_500)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All parameters of the bundle."""

    portraits: Portraits = field(default_factory=Portraits)
    regression: Regression = field(default_factory=Regression)
    separation: Separation = field(default_factory=Separation)
    encoding: Encoding = field(default_factory=Encoding)
    joint: tuple[Joint, ...] = (
        Joint(images=200_000, side=64),
        Joint(images=200_000, side=128),
        Joint(images=60_000, side=256, batch=16, lr=4e-3),
    )
    adversarial: tuple[Adversarial, ...] = (
        Adversarial(joint=replace(AGAINST, images=200_000, side=128), pixels_side=64),
        Adversarial(joint=replace(AGAINST, images=80_000)),
    )
    texture: tuple[Joint, ...] = (
        replace(TEXTURED, images=100_000, batch=32, side=128),
        replace(TEXTURED, images=40_000, lr=2e-3, side=256),
    )
    landmarking: Landmarking = field(default_factory=Landmarking)
    parsing: Parsing = field(default_factory=Parsing)
    perceiving: Perceiving = field(default_factory=Perceiving)
    classifying: Classifying = field(default_factory=Classifying)
    detecting: Detecting = field(default_factory=Detecting)
    agile: AgileStyles = field(default_factory=AgileStyles)
    blend: Blending = field(default_factory=Blending)
    dual: DualStyling = field(default_factory=DualStyling)


PRESETS = {
    "full": Recipe(),
    "small": Recipe(
        portraits=Portraits(levels=((128, 8_000), (256, 1_500)), painted=(128, 1_000), varied=(128, 5_000)),
        regression=Regression(generator=SMALL_GENERATOR, stages=((16, 20_000), (32, 12_000), (64, 30_000)), batch=16),
        encoding=Encoding(coordinates=10_000, images=4_000, batch=16),
        joint=(
            Joint(images=32_000, batch=16, side=64),
            Joint(images=24_000, batch=16, side=128),
            Joint(images=8_000, batch=16, side=256, lr=4e-3),
        ),
        adversarial=(
            Adversarial(joint=replace(AGAINST, images=6_000, side=128, batch=8), pixels_side=64),
            Adversarial(joint=replace(AGAINST, images=4_000, batch=8)),
        ),
        texture=(
            replace(TEXTURED, images=32_000, side=128),
            replace(TEXTURED, images=4_000, lr=2e-3, side=256, average_images=500),
        ),
        landmarking=Landmarking(images=24_000, batch=32),
        classifying=Classifying(images=60_000),
        detecting=Detecting(images=220_000),
        agile=AgileStyles.SMALL,
        blend=SMALL_BLENDING,
        dual=SMALL_DUAL_STYLING,
    ),
}
"""The full bundle, for a GPU; and a small one for a CPU."""

METHODS: dict[str, Callable[[Material, Recipe], Mapping[str, Checkpoint]]] = {
    "agilegan": lambda given, recipe: learn_agilegan(
        given.base,
        given.plain,
        given.painted,
        given.run,
        recipe=recipe.agile,
        encoding=recipe.encoding,
        stage=given.stage,
        start=given.start,
    ),
    "blendgan": lambda given, recipe: {
        "blendgan": learn_blendgan(
            given.base,
            given.plain,
            given.painted,
            given.run,
            recipe=recipe.blend,
            stage=given.stage,
            start=given.start("blendgan"),
        )
    },
    "dualstylegan": lambda given, recipe: {
        "dualstylegan": learn_dualstylegan(
            given.base, given.plain, given.run, recipe=recipe.dual, stage=given.stage, start=given.start("dualstylegan")
        )
    },
}
"""How the models of each method are learned on the base: they come by the names of their files, without a suffix."""

PARTS = ("faces", "perception", "report")
"""What is made before the methods: the base, the networks that analyse faces, and pictures and numbers about the base."""


def make(
    folder: Path,
    out: Path,
    *,
    recipe: Recipe | None = None,
    device: torch.device | None = None,
    only: Collection[str] = (),
    base: Path | None = None,
    portraits: Path | None = None,
    start_from: Path | None = None,
    stage: Callable[[str], Progress],
) -> None:
    """Paint the portraits, train the networks of the bundle and write its files.

    Args:
        folder: for portraits and training states, some gigabytes. An existing run in it is resumed.
        out: folder for the bundle.
        recipe: the parameters; `PRESETS["full"]` by default.
        device: to train on.
        only: names of `PARTS` and `METHODS`; everything if empty.
        base: file of the base, for methods and the report; by default the one in `out`.
        portraits: folder of another run whose portraits are used as they are; by default they are painted in `folder`.
        start_from: folder of a bundle whose methods' models are trained on, see `Material.start`; by default new ones are.
        stage: called with the name of each stage; returns its progress callback.

    Raises:
        TrainingError: the folder holds the state of another recipe, a loss is no longer finite, there is no base, or `only`
            has an unknown name.
        PasticheError: torchmetrics, which evaluates the bundle, is not installed.
    """
    wanted = parts_of(only, base)
    torchmetrics_of("fid")  # for the report at the end: if it is missing, say so before the training
    recipe = recipe or Recipe()
    device = device or torch.device("cpu")
    run = Run(folder=folder, device=device, precision=choose_dtype("auto", device), held_out=recipe.portraits.held_out)
    if wanted.isdisjoint(("faces", "perception")):
        base_of(base, out)  # an error about it comes before hours of painting
    given = portraits_for(folder, recipe.portraits, device, stage, portraits, varied="faces" in wanted)
    levels, painted = given.levels, given.painted
    if "faces" in wanted:
        train_faces(given, run, out, recipe=recipe, stage=stage)
    if "perception" in wanted:
        train_face_networks(level(levels, SEEN), painted, run, out, recipe=recipe, stage=stage)
    if wanted <= {"faces", "perception"}:
        return
    found = base_of(base, out)
    if "report" in wanted:
        evaluate(found, levels, out / "report")
    material = Material(base=found, levels=tuple(levels), painted=painted, run=run, stage=stage, earlier=start_from)
    for name, learn in METHODS.items():
        if name in wanted:
            write_models(learn(material, recipe), found, out)


def parts_of(only: Collection[str], base: Path | None) -> set[str]:
    """The parts that are asked for: all if none is named.

    Raises:
        TrainingError: a name is unknown, or a base is given where a new one is trained.
    """
    known = {*PARTS, *METHODS}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise TrainingError(f"the bundle has no part {unknown[0]!r}: expected {', '.join((*PARTS, *METHODS))}")
    wanted = set(only) or known
    if base is not None and "faces" in wanted:
        raise TrainingError("faces trains a new base, so that --base has no use: name with --only what to learn on it")
    return wanted


def train_faces(given: Portfolio, run: Run, out: Path, *, recipe: Recipe, stage: Callable[[str], Progress]) -> None:
    """Train the base: generator, discriminator and encoder, and write their file.

    Raises:
        TrainingError: there are no portraits with one group of coordinates changed.
    """
    levels, painted, varied = given.levels, given.painted, given.varied
    if varied is None:
        raise TrainingError(
            "that run has no folder varied, which the base is trained on: leave --portraits out, so that it is painted"
        )
    plain = level(levels, SEEN)
    generator = regress(levels, run, recipe=recipe.regression, progress=stage("training the generator"))
    generator = separate(generator, run, recipe=recipe.separation, progress=stage("separating the coordinates"))
    trunk = learn_coordinates(
        plain, painted, run, recipe=recipe.encoding, progress=stage("training the encoder on coordinates")
    )
    encoder = learn_encoder(
        trunk, generator, plain, painted, run, recipe=recipe.encoding, progress=stage("training the encoder")
    )

    def together(pair: Pair, joint: Joint, name: str, what: str) -> Pair:
        return learn_together(
            pair,
            level(levels, max(joint.side, SEEN)),
            painted,
            varied,
            run,
            recipe=joint,
            encoding=recipe.encoding,
            progress=stage(f"training {what} at {joint.side} pixels"),
            name=name,
        )

    pair = Pair(generator, encoder)
    for joint in recipe.joint:
        pair = together(pair, joint, "joint", "both together")
    critic: Discriminator | None = None
    for adversarial in recipe.adversarial:
        side = adversarial.joint.side
        pair, critic = sharpen(
            pair,
            critic,
            level(levels, max(side, SEEN)),
            painted,
            varied,
            run,
            recipe=adversarial,
            encoding=recipe.encoding,
            progress=stage(f"adversarial training at {side} pixels"),
        )
    for joint in recipe.texture:
        pair = together(pair, joint, "texture", "both on texture")
    assert critic is not None  # every recipe has an adversarial stage
    pack(pair.generator, critic, pair.encoder, out)


def train_face_networks(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, out: Path, *, recipe: Recipe, stage: Callable[[str], Progress]
) -> None:
    """Train the networks that analyse faces on the portraits, and write their files.

    Args:
        out: gets ``landmarks``, ``parsing``, ``perceptual``, ``classifier`` and ``detector.safetensors``.
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


def _write(network: StoredModule, path: Path) -> None:
    network.cpu().eval().save(path)


def _paint(
    folder: Path, portraits: Portraits, device: torch.device, stage: Callable[[str], Progress], *, varied: bool
) -> Portfolio:
    def painted(name: str, size: tuple[int, int], title: str, kind: Kind) -> PortraitDataset:
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
            kind=kind,
        )

    levels = [
        painted(f"portraits-{size[0]}", size, f"painting portraits of {size[0]} pixels", "plain") for size in portraits.levels
    ]
    return Portfolio(
        levels=levels,
        painted=painted("painted", portraits.painted, "painting portraits in many styles", "styled"),
        varied=painted("varied", portraits.varied, "painting variations of portraits", "varied") if varied else None,
    )


def portraits_for(
    folder: Path,
    wanted: Portraits,
    device: torch.device,
    stage: Callable[[str], Progress],
    before: Path | None,
    *,
    varied: bool,
) -> Portfolio:
    """The portraits: painted in `folder`, or those of another run.

    Args:
        before: folder of that run; None paints.
        varied: also paint those with one group of coordinates changed, which only the base is trained on.

    Raises:
        TrainingError: that run has painted none.
    """
    return _paint(folder, wanted, device, stage, varied=varied) if before is None else _painted_before(before)


def _painted_before(folder: Path) -> Portfolio:
    """The portraits of another run, as many as it has painted."""
    levels = [PortraitDataset.open(found) for found in sorted(folder.glob("portraits-*"))]
    if not levels:
        raise TrainingError(f"{folder} holds no folder portraits-SIZE: give the --run folder of a training that painted some")
    varied = PortraitDataset.open(folder / "varied") if (folder / "varied").is_dir() else None
    return Portfolio(levels=levels, painted=PortraitDataset.open(folder / "painted"), varied=varied)


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
