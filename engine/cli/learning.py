"""Options for learning a style, shared by `stylize` and `one-shot`."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from ..checkpoints import Checkpoint
from ..errors import NoFaceError
from ..faces import LandmarkerName, align
from ..images import read
from ..jojogan import PRESETS, JoJoStyle, OneShot, preset
from ..jojogan import one_shot as learn
from ..training.board import Board
from .console import working
from .options import Models

__all__ = ["PresetOption", "ReconstructionOption", "StepsOption", "TextureOption", "learn_style", "settings_of"]

log = logging.getLogger(__name__)

PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help=f"Training preset: {', '.join(PRESETS)}. By default [b]demo[/b] for the demo models, otherwise [b]default[/b].",
        show_default=False,
    ),
]
StepsOption = Annotated[
    int | None, typer.Option("--steps", min=1, help="Training steps; more follow the reference more closely.")
]
ReconstructionOption = Annotated[
    float | None,
    typer.Option(
        "--reconstruction",
        min=0,
        help="Weight of a loss on pixels and edges, which gives less grain and softer images. "
        "The default depends on the preset: 0, except in [b]demo[/b].",
        show_default=False,
    ),
]
TextureOption = Annotated[
    float | None,
    typer.Option(
        "--texture",
        min=0,
        help="Weight of a loss on the amount and direction of strokes, which gives more of them. "
        "The default depends on the preset: 0, except 5 in [b]demo[/b].",
        show_default=False,
    ),
]


# In a square reference, a face smaller than this fraction of the side with a low score is probably a false detection.
SMALL, SURE = 0.35, 0.6


def aligned_face(path: Path, size: int, *, aligned: bool = False, landmarks: LandmarkerName = "auto") -> Tensor:
    """The face of a reference, ``[1, 3, size, size]``.

    Detectors often miss drawn faces, and most references are already cropped to the face. So a square image without a
    large or certain face is used as a whole.

    Raises:
        NoFaceError: no face was found, and the image is not square.
    """
    picture = read(path)
    height, width = picture.shape[-2:]
    try:
        face = align(picture, size, landmarker=landmarks, aligned=aligned or None, limit=1)[0]
    except NoFaceError as error:
        if height != width:
            raise NoFaceError(
                f"{path}: no face was found in this reference, and with {width} x {height} pixels it is not square, so "
                "it can't be used as a whole: crop it to a square around the face"
            ) from error
    else:
        if height != width or face.box.side > SMALL * width or face.score > SURE:
            return face.crop
    log.info("%s: no large face was found in this square reference; the whole image is used", path)
    return align(picture, size, aligned=True)[0].crop


def settings_of(chosen: str | None, checkpoint: Checkpoint, **changes: Any) -> OneShot:
    """The settings of a preset, with changes. The default preset depends on the checkpoint.

    Raises:
        StyleError: there is no such preset, or a value is out of its range.
    """
    settings = preset(chosen or ("demo" if checkpoint.is_demo else "default"))
    return replace(settings, **{name: value for name, value in changes.items() if value is not None})


def learn_style(
    models: Models,
    references: list[Path],
    settings: OneShot,
    *,
    seed: int,
    aligned: bool = False,
    landmarks: LandmarkerName = "auto",
    folder: Path | None = None,
    log: Board | None = None,
) -> tuple[JoJoStyle, list[Tensor]]:
    """Learn a style from images. Returns the style and the aligned references.

    Args:
        folder, log: as for `one_shot`.
    """
    size = models.generator.resolution
    faces = [aligned_face(path, size, aligned=aligned, landmarks=landmarks) for path in references]
    pictures = [face.to(models.device) for face in faces]
    with working("learning the style") as progress:
        style = learn(
            models.stylegan2,
            models.discriminator,
            torch.cat(pictures),
            encoder=models.encoder,
            settings=settings,
            seed=seed,
            folder=folder,
            progress=progress,
            log=log,
        )
    return style, pictures
