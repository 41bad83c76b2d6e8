"""From nothing to the demo bundle, one stage after another; every stage goes on where it was stopped."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..checkpoints import Checkpoint, load, save
from ..encoders.compact import CompactEncoder
from ..faces.blocks import StoredModule
from ..progress import Progress, Step
from ..stylegan2 import Discriminator, Generator
from ..synthetic.dataset import PortraitDataset, render
from .adversary import sharpen
from .detector import learn_detector
from .encoder import learn_coordinates, learn_encoder
from .generator import regress
from .joint import learn_together
from .judge import judge
from .landmarks import learn_landmarks
from .parsing import learn_parsing
from .perceptual import learn_perceptual
from .recipe import Adversarial, Detecting, Encoding, Joint, Landmarking, Parsing, Perceiving, Portraits, Regression
from .run import Run

__all__ = ["Recipe", "make", "pack", "see"]

LICENSE = "MIT"
SOURCE = "pastiche-demo"
FACES = "faces.safetensors"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every number of the bundle."""

    portraits: Portraits = field(default_factory=Portraits)
    regression: Regression = field(default_factory=Regression)
    encoding: Encoding = field(default_factory=Encoding)
    joint: Joint = field(default_factory=Joint)
    adversarial: Adversarial = field(default_factory=Adversarial)
    landmarking: Landmarking = field(default_factory=Landmarking)
    parsing: Parsing = field(default_factory=Parsing)
    perceiving: Perceiving = field(default_factory=Perceiving)
    detecting: Detecting = field(default_factory=Detecting)


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
        folder: for portraits and states, some gigabytes; what lies there is gone on with.
        out: folder for the bundle.
        recipe: the numbers; those of the bundle that ships by default.
        device: to train on.
        stage: is told the name of each stage, and gives what watches its progress.

    Raises:
        TrainingError: the folder holds the state of another recipe, or a loss is no longer finite.
    """
    recipe = recipe or Recipe()
    run = Run(folder, device or torch.device("cpu"), recipe.portraits.held_out)
    plain, painted = _paint(folder, recipe.portraits, stage)
    generator = regress(plain, run, recipe=recipe.regression, progress=stage("teaching the generator"))
    trunk = learn_coordinates(plain, painted, run, recipe=recipe.encoding, progress=stage("teaching the encoder to see"))
    encoder = learn_encoder(
        trunk, generator, plain, painted, run, recipe=recipe.encoding, progress=stage("teaching the encoder")
    )
    pair = learn_together(
        generator,
        encoder,
        plain,
        painted,
        run,
        recipe=recipe.joint,
        encoding=recipe.encoding,
        progress=stage("teaching both together"),
    )
    pair, discriminator = sharpen(
        pair,
        plain,
        painted,
        run,
        recipe=recipe.adversarial,
        encoding=recipe.encoding,
        progress=stage("sharpening both"),
    )
    pack(pair.generator, discriminator, pair.encoder, out)
    see(plain, painted, run, out, recipe=recipe, stage=stage)
    judge(load(out / FACES), plain, out / "report")


def see(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, out: Path, *, recipe: Recipe, stage: Callable[[str], Progress]
) -> None:
    """Teach the networks that look at faces, from the portraits alone, and write their files.

    Args:
        out: gets ``landmarks``, ``parsing``, ``perceptual`` and ``detector.safetensors``.
    """
    out.mkdir(parents=True, exist_ok=True)
    landmarks = learn_landmarks(plain, painted, run, recipe=recipe.landmarking, progress=stage("teaching the landmark network"))
    _write(landmarks, out / "landmarks.safetensors")
    parsing = learn_parsing(plain, painted, run, recipe=recipe.parsing, progress=stage("teaching the parsing network"))
    _write(parsing, out / "parsing.safetensors")
    perceptual = learn_perceptual(
        plain, painted, run, recipe=recipe.perceiving, progress=stage("teaching the perceptual network")
    )
    _write(perceptual, out / "perceptual.safetensors")
    detector = learn_detector(plain, painted, run, recipe=recipe.detecting, progress=stage("teaching the face detector"))
    _write(detector, out / "detector.safetensors")


def _write(network: StoredModule, path: Path) -> None:
    network.cpu().eval().save(path)


def _paint(folder: Path, portraits: Portraits, stage: Callable[[str], Progress]) -> tuple[PortraitDataset, PortraitDataset]:
    """The portraits, plain and in painted styles."""
    found = []
    for name, styled in (("portraits", False), ("painted", True)):
        progress = stage("painting portraits in many styles" if styled else "painting portraits")
        count = portraits.painted if styled else portraits.count

        def painted(ready: int, progress: Progress = progress, count: int = count) -> None:
            progress(Step(index=ready, total=count))

        found.append(
            render(
                folder / name,
                count=count,
                resolution=portraits.resolution,
                seed=portraits.seed,
                workers=os.cpu_count() or 1,
                progress=painted,
                styled=styled,
            )
        )
    return found[0], found[1]


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
        source=SOURCE,
        license=LICENSE,
    )
    save(faces, out / FACES, dtype=torch.float16)
