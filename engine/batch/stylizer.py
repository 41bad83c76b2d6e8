"""What is done to each picture of a batch, in three steps: prepare, draw, finish.

Preparing and finishing run in threads; drawing takes the faces of many pictures at once.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..devices import device_of
from ..errors import Cancelled, PasticheError
from ..faces import Face, LandmarkerName, Region, align, paste_all
from ..faces.align import Detector
from ..faces.landmarks import Landmarker
from ..images import Source, read
from ..inversion import encode
from ..style_protocol import Style, check_strength
from ..stylegan2 import LatentGenerator

__all__ = ["Prepared", "Steps", "Stylizer", "draw_each", "reason_of"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A picture ``[1, 3, H, W]`` in [-1, 1], if faces go back into it, and its faces."""

    picture: Tensor | None
    faces: list[Face]


class Steps(Protocol):
    """What is done to each picture; `Stylizer` is one."""

    def prepare(self, source: Source) -> Prepared: ...
    def draw(self, pictures: list[Prepared]) -> list[list[Tensor]]: ...
    def finish(self, picture: Prepared, drawings: list[Tensor]) -> Tensor: ...


def draw_each(steps: Steps, pictures: list[Prepared]) -> list[list[Tensor] | Exception]:
    """The drawings of a batch; if it fails, of each picture by itself, so that one does not spoil the others."""
    try:
        return list(steps.draw(pictures))
    except Cancelled:
        raise
    except (PasticheError, RuntimeError, ValueError) as problem:
        if len(pictures) == 1:
            return [problem]
        log.warning("a batch could not be drawn, and is drawn picture by picture: %s", problem)
        return [drawings for picture in pictures for drawings in draw_each(steps, [picture])]


def reason_of(problem: BaseException) -> str:
    """Why a picture failed, for a report."""
    return problem.message("command") if isinstance(problem, PasticheError) else f"{type(problem).__name__}: {problem}"


class Stylizer:
    """Draws the faces of pictures in one style. Several threads may use it.

    Args:
        style: of the generator.
        generator: the one that encoder and style belong to.
        encoder: faces to latents.
        strength: of the style.
        faces: how many of a picture, the largest first; more than one needs `keep_background`.
        aligned: the pictures are aligned faces already.
        keep_background: put the faces back; otherwise the result is the crop of the largest.
        region, match_color: as for `Face.paste`.
        landmarker, detector: as for `align`.
        batch: faces that are drawn at once.
        controls: other arguments of the style.

    Raises:
        StyleError: the strength is out of range.
    """

    def __init__(
        self,
        style: Style,
        generator: LatentGenerator,
        encoder: nn.Module,
        *,
        strength: float = 1.0,
        faces: int = 8,
        aligned: bool = False,
        keep_background: bool = False,
        region: Region = "face",
        match_color: bool = False,
        landmarker: Landmarker | LandmarkerName = "auto",
        detector: Detector | None = None,
        batch: int = 8,
        **controls: Any,
    ) -> None:
        check_strength(strength)
        self._style, self._generator, self._encoder = style, generator, encoder
        self._strength, self._controls = strength, controls
        self._limit = faces if keep_background else 1
        self._aligned, self._keep = aligned, keep_background
        self._region, self._match_color = region, match_color
        self._landmarker, self._detector = landmarker, detector
        self._batch = batch

    def prepare(self, source: Source) -> Prepared:
        """Decode a picture and cut its faces.

        Raises:
            ImageError, NoFaceError: it can't be read, or shows no face.
        """
        picture = read(source)
        faces = align(
            picture,
            self._generator.resolution,
            landmarker=self._landmarker,
            detector=self._detector,
            aligned=self._aligned or None,
            limit=self._limit,
        )
        return Prepared(picture if self._keep else None, faces)

    @torch.no_grad()
    def draw(self, pictures: Sequence[Prepared]) -> list[list[Tensor]]:
        """The drawings ``[1, 3, S, S]`` of the faces of each picture, on the CPU."""
        crops = [face.crop for picture in pictures for face in picture.faces]
        drawn: list[Tensor] = []
        for start in range(0, len(crops), self._batch):
            together = torch.cat(crops[start : start + self._batch]).to(device_of(self._generator))
            latent = encode(together, self._encoder, self._generator)
            images = self._style(latent, strength=self._strength, **self._controls)
            drawn += images.float().clamp(-1, 1).cpu().split(1)
        rest = iter(drawn)
        return [[next(rest) for _ in picture.faces] for picture in pictures]

    def finish(self, picture: Prepared, drawings: list[Tensor]) -> Tensor:
        """The result ``[1, 3, H, W]``: the picture with its drawings, or the drawing of its largest face."""
        if picture.picture is None:
            return drawings[0]
        return paste_all(picture.faces, drawings, picture.picture, region=self._region, match_color=self._match_color)
