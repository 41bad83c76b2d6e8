"""The options for the likeness of one person, and the code behind them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from .. import catalog
from ..checkpoints import Checkpoint
from ..faces import Face
from ..inversion import COARSE_TO_FINE, PivotalTuning, tune
from ..latents import Latent
from ..losses.perceptual import find_lpips
from ..people import LIKENESS, PLAIN_LIKENESS, Tuned, expect_personal, on
from ..style_protocol import Style
from ..stylegan2 import LatentGenerator
from .console import working
from .options import Models

__all__ = ["LikenessOption", "LikenessOptions", "Personalizer", "tuned_to", "tuning_of", "wanted_likeness"]

LikenessOption = Annotated[
    float | None,
    typer.Option(
        "--likeness",
        min=0,
        max=1,
        help="How much of the person stays: the generator is tuned to the face first. 0: the style alone, and no tuning. "
        f"By default {LIKENESS} in a style and {PLAIN_LIKENESS} without one on the models that ship, and 0 on others.",
        show_default=False,
    ),
]
PersonOption = Annotated[
    Path | None,
    typer.Option(
        "--person",
        help=f"A face tuned to before, by [b]invert --tune[/b]; implies --likeness {LIKENESS}, or {PLAIN_LIKENESS} unstyled.",
        show_default=False,
    ),
]


def tuning_of(checkpoint: Checkpoint, steps: int | None) -> PivotalTuning:
    """The settings for a checkpoint: the small demo models need larger changes than published ones."""
    settings = COARSE_TO_FINE if checkpoint.is_demo else PivotalTuning()
    return settings if steps is None else replace(settings, steps=steps)


def tuned_to(face: Face, latent: Latent, models: Models, settings: PivotalTuning) -> Tuned:
    """Tune with LPIPS if its two files are present, else with the discriminator's features."""
    lpips = find_lpips([catalog.weights_folder()])
    with working("tuning the generator") as progress:
        return tune(
            face.crop.to(models.device),
            models.tunable.generator,
            latent,
            discriminator=None if lpips is not None else models.discriminator,
            lpips=None if lpips is None else lpips.to(models.device),
            settings=settings,
            progress=progress,
        )


def wanted_likeness(
    checkpoint: Checkpoint, likeness: float | None, *, person: Path | None = None, styled: bool = True
) -> float:
    """The likeness that was asked for, or the default of these weights; see `Personalizer`."""
    if likeness is not None:
        return likeness
    if person is None and not checkpoint.is_demo:
        return 0.0
    return LIKENESS if styled else PLAIN_LIKENESS


class Personalizer:
    """Keeps a person's likeness in what is drawn.

    Args:
        person: the file of a tuned generator, read at once. Without it, the generator is tuned to each face.
        likeness: None if the option was not given. Then the small bundled models keep the likeness, because they draw
            everybody alike otherwise; published ones do not.
        styled: whether faces are drawn in a style.

    Raises:
        StyleError: the file holds no tuned generator, or belongs to other weights.
    """

    def __init__(self, models: Models, person: Path | None, likeness: float | None, *, styled: bool = True) -> None:
        self.models = models
        self.settings = tuning_of(models.checkpoint, None)
        self.person = None if person is None else Tuned.load(person, models.tunable.generator)
        self.likeness = wanted_likeness(models.checkpoint, likeness, person=person, styled=styled)

    @property
    def inverting(self) -> Models:
        """The models that faces are inverted with."""
        return self.models.tunable if self.likeness else self.models

    def style_for(self, style: Style, face: Face, latent: Latent) -> Style:
        """The style for one face."""
        if not self.likeness:
            return style
        expect_personal(style)  # before a long tuning
        return on(style, self._tuned(face, latent), self.likeness)

    def generator_for(self, face: Face, latent: Latent) -> LatentGenerator:
        """The generator that draws one face without a style."""
        if not self.likeness:
            return self.models.generator
        return self.models.generator.on(self._tuned(face, latent), self.likeness)

    def _tuned(self, face: Face, latent: Latent) -> Tuned:
        return self.person or tuned_to(face, latent, self.models, self.settings)


@dataclass(frozen=True, kw_only=True)
class LikenessOptions:
    """How much of a person stays."""

    likeness: LikenessOption = None
    person: PersonOption = None

    def of(self, models: Models, *, styled: bool = True) -> Personalizer:
        """What keeps the likeness on these models; see `Personalizer`."""
        return Personalizer(models, self.person, self.likeness, styled=styled)
