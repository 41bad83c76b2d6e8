"""All experiments of the report, in order, each with what it needs; those whose models are missing are skipped, and say so."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ..agilegan.training.snapshots import Snapshots
from ..bundle import demo_references
from ..checkpoints import Checkpoint
from ..dualstylegan.training.config import DualRecipe
from ..errors import Cancelled, PasticheError, TrainingError
from ..faces.landmarks import Landmarker, bundled_landmarks
from ..images import read, resize
from ..jojogan import OneShot
from ..progress import Progress, Step
from ..synthetic.dataset import Kind, render
from ..training.data import PictureDataset
from ..training.sources import open_source
from . import agilegan, blendgan, dualstylegan, few, jojogan
from .evaluators import Evaluators
from .pictures import Pictures, open_pictures
from .result import Result

__all__ = ["EXPERIMENTS", "Counts", "Material", "measure"]

log = logging.getLogger(__name__)

PAINTED = 128  # pixels of the pictures that are painted where none are given
NO_STYLE = "it needs pictures in the style of the AgileGAN: give their folder as --style-pictures"
LEAST = 2  # pictures of which distances are measured
SEED = 77  # of the people in them: in no training set


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many images are measured. More take longer, and give steadier numbers.

    Attributes:
        faces: random people, or portraits.
        styles: styles of each.
        reference: pictures that distances are measured from.
        steps: of the optimization in w+; 0 leaves it out.
    """

    faces: int = 40
    styles: int = 10
    reference: int = 400
    steps: int = 30


@dataclass(frozen=True, kw_only=True)
class Material:
    """What experiments take. None for what is not there.

    Attributes:
        base: the StyleGAN2, with discriminator and encoder.
        evaluators: what metrics look through.
        counts: how much is measured.
        folder: for pictures that are painted, and for trainings.
        blendgan, agilegan, dualstylegan: the methods' checkpoints, or why there is none.
        painted: pictures in many styles, a folder; painted if None.
        portraits: plain ones, a folder; painted if None.
        style: pictures in the style of the AgileGAN; a folder.
        snapshots: of a transfer of AgileGAN from `base`; a folder.
        transfer: iterations of a transfer to every second picture of `style`, where there are no snapshots; 0 for none.
        few: 16 aligned pictures to train a DualStyleGAN on; a folder.
        recipe: of that training.
        one_shot: settings of JoJoGAN's.
        references: names of bundled references for it.
        seed: of everything random.
        stage: called with the name of each stage; gives its progress.
    """

    base: Checkpoint
    evaluators: Evaluators
    counts: Counts
    folder: Path
    blendgan: Checkpoint | str
    agilegan: Checkpoint | str
    dualstylegan: Checkpoint | str
    painted: Path | None = None
    portraits: Path | None = None
    style: Path | None = None
    snapshots: Path | None = None
    transfer: int = 0
    few: Path | None = None
    recipe: DualRecipe = field(default_factory=DualRecipe)
    one_shot: OneShot = field(default_factory=OneShot)
    references: tuple[str, ...] = ("toon", "mona_lisa")
    seed: int = 0
    stage: Callable[[str], Progress]

    @property
    def side(self) -> int:
        """Pixels of all images."""
        return self.base.stylegan2.resolution

    @property
    def landmarker(self) -> Landmarker:
        """What finds the landmarks of drawn faces."""
        return bundled_landmarks()

    def many_styles(self) -> Pictures:
        """Pictures in many styles."""
        return self._pictures(self.painted, "painted", self.counts.reference, kind="styled")

    def plain(self) -> Pictures:
        """Plain portraits, which no network was trained on."""
        return self._pictures(self.portraits, "portraits", self.counts.faces, kind="plain")

    def style_pictures(self) -> Pictures:
        """Pictures in the style of the AgileGAN."""
        return open_pictures(_given(self.style, NO_STYLE), self.side, least=LEAST)

    def halves(self) -> PictureDataset:
        """The same, of which one half is learned from and the other measured.

        Raises:
            TrainingError: there are fewer than four.
        """
        found = PictureDataset(open_source(_given(self.style, NO_STYLE), self.side), self.side)
        if len(found) < 2 * LEAST:
            raise TrainingError(
                f"{found.source.path} holds {len(found)} pictures, of which one half is learned from and the other measured: "
                f"give at least {2 * LEAST}"
            )
        return found

    def _pictures(self, given: Path | None, name: str, count: int, *, kind: Kind) -> Pictures:
        if given is not None:
            return open_pictures(given, self.side, least=LEAST)
        progress = self.stage(f"painting {count} pictures")
        place = self.folder / f"{name}-{count}"
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        side = min(PAINTED, self.side)
        render(
            place,
            count=count,
            resolution=side,
            seed=SEED,
            workers=workers,
            progress=lambda ready: progress(Step(index=ready, total=count)),
            kind=kind,
        )
        return open_pictures(place, self.side)


class Skipped(PasticheError):
    """An experiment whose material is missing."""


def measure(material: Material, names: Iterable[str] | None = None) -> Iterator[Result]:
    """The results of all experiments, or of those named, one after another.

    An experiment that lacks something, or fails on it, gives a result that says so.

    Raises:
        Cancelled: the user asked to stop.
    """
    for name in names or EXPERIMENTS:
        title, question, experiment = EXPERIMENTS[name]
        try:
            yield experiment(material)
        except Cancelled:
            raise
        except PasticheError as error:
            reason = error.message("command")
            log.log(logging.INFO if isinstance(error, Skipped) else logging.WARNING, "%s: %s", title, reason)
            yield Result(title=title, question=question, skipped=reason)


def _expected(found: Checkpoint | str) -> Checkpoint:
    if isinstance(found, str):
        raise Skipped(found)
    return found


def _given(found: Path | None, advice: str) -> Path:
    if found is None:
        raise Skipped(advice)
    return found


def _indicators(material: Material) -> Result:
    model, counts = _expected(material.blendgan), material.counts
    return blendgan.indicator_table(
        model,
        material.many_styles(),
        material.evaluators,
        faces=counts.faces,
        styles=counts.styles,
        reference=counts.reference,
        seed=material.seed,
        progress=material.stage("BlendGAN's indicators"),
    )


def _stopping(material: Material) -> Result:
    pictures = material.style_pictures()
    if material.snapshots is not None:
        snapshots = Snapshots(material.snapshots, material.base)
    elif material.transfer:
        every = material.halves()
        pictures = every.subset(range(1, len(every), 2))  # those that are not learned from
        snapshots = agilegan.short_transfer(
            material.base,
            every.subset(range(0, len(every), 2)),
            material.transfer,
            folder=material.folder / "transfer",
            seed=material.seed,
            progress=material.stage("AgileGAN's transfer"),
        )
    else:
        raise Skipped(
            "it needs the generators that a transfer passed through: give the folder `snapshots` of a training "
            "as --snapshots, or let one be trained with --transfer"
        )
    return agilegan.early_stopping(
        snapshots,
        pictures,
        material.evaluators,
        material.landmarker,
        faces=material.counts.faces,
        reference=material.counts.reference,
        seed=material.seed,
        progress=material.stage("AgileGAN's iterations"),
    )


def _codes(material: Material) -> Result:
    model, style = _expected(material.agilegan), material.style_pictures()
    return agilegan.inversion_consistency(
        material.base,
        model,
        material.plain(),
        style,
        material.evaluators,
        count=material.counts.faces,
        reference=material.counts.reference,
        steps=material.counts.steps,
        seed=material.seed,
        progress=material.stage("AgileGAN's codes"),
    )


def _amounts(material: Material) -> Result:
    return dualstylegan.amounts_apart(
        _expected(material.dualstylegan),
        material.evaluators,
        material.landmarker,
        faces=max(2, material.counts.faces // 3),
        exemplars=max(1, material.counts.styles // 2),
        seed=material.seed,
        progress=material.stage("DualStyleGAN's weights"),
    )


def _few(material: Material) -> Result:
    advice = "it trains two models on 16 aligned pictures: give their folder as --few-pictures"
    source = open_source(_given(material.few, advice), material.side)
    return few.few_pictures(
        material.base,
        PictureDataset(source, material.side),
        material.evaluators,
        material.landmarker,
        material.recipe,
        folder=material.folder / "few",
        faces=max(4, material.counts.faces // 3),
        seed=material.seed,
        stage=material.stage,
    )


def _mixing(material: Material) -> Result:
    known = demo_references()
    device = material.base.stylegan2.w_avg.device
    references: Mapping[str, Tensor] = {
        name: resize(read(known[name]), material.side).clamp(-1, 1).to(device) for name in material.references
    }
    with torch.inference_mode(False):
        return jojogan.mixing(
            material.base,
            dict(references),
            material.evaluators,
            material.landmarker,
            material.one_shot,
            faces=max(4, material.counts.faces // 2),
            seed=material.seed,
            progress=material.stage("JoJoGAN's mixing"),
        )


EXPERIMENTS: Mapping[str, tuple[str, str, Callable[[Material], Result]]] = {
    "indicator": (blendgan.TITLE, blendgan.QUESTION, _indicators),
    "stopping": (agilegan.STOPPING_TITLE, agilegan.STOPPING_QUESTION, _stopping),
    "codes": (agilegan.CODES_TITLE, agilegan.CODES_QUESTION, _codes),
    "amounts": (dualstylegan.TITLE, dualstylegan.QUESTION, _amounts),
    "few": (few.TITLE, few.QUESTION, _few),
    "mixing": (jojogan.TITLE, jojogan.QUESTION, _mixing),
}
"""Each experiment's title, question and function."""
