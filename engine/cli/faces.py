"""Groups of options about the faces of photos: which to draw, how to find them, and how to paste them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from torch import Tensor

from ..faces import Face, Region, align, paste_all
from .options import AlignedOption, LandmarksOption

__all__ = ["BlendOptions", "FaceOptions", "FindOptions", "PasteOptions", "StrengthOption"]

StrengthOption = Annotated[
    float, typer.Option("--strength", min=0, max=1, help="0: the face without the style; 1: the full style.")
]


@dataclass(frozen=True, kw_only=True)
class FindOptions:
    """How to find the face of a photo."""

    aligned: AlignedOption = False
    landmarks: LandmarksOption = "auto"

    def largest(self, photo: Tensor | Path, size: int) -> Face:
        """The largest face of a photo, as a crop of `size` pixels."""
        return align(photo, size, landmarker=self.landmarks, aligned=self.aligned or None, limit=1)[0]


@dataclass(frozen=True, kw_only=True)
class FaceOptions(FindOptions):
    """Which faces of a photo to draw, and how to find them."""

    faces: Annotated[int, typer.Option("--faces", min=1, help="Maximum number of faces, the largest first.")] = 1

    def find(self, photo: Tensor, size: int) -> list[Face]:
        """The faces of a photo ``[1, 3, H, W]``, as crops of `size` pixels."""
        return align(photo, size, landmarker=self.landmarks, aligned=self.aligned or None, limit=self.faces)


@dataclass(frozen=True, kw_only=True)
class BlendOptions:
    """How pasted faces meet the picture."""

    region: Annotated[
        Region,
        typer.Option(
            "--region",
            help="What to paste back: the face behind the photo's hair, the head with its new hair, an oval, or the whole "
            "crop.",
        ),
    ] = "face"
    match_color: Annotated[
        bool, typer.Option("--match-color", help="Match the pasted faces to the light and colours of the photo.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class PasteOptions(BlendOptions):
    """How to paste faces back into the photo, if at all."""

    keep_background: Annotated[bool, typer.Option("--keep-background", help="Paste the faces back into the photo.")] = False

    def apply(self, faces: Sequence[Face], drawn: Sequence[Tensor], photo: Tensor) -> list[Tensor]:
        """The photo with the faces in it, or the faces themselves."""
        if not self.keep_background:
            return list(drawn)
        return [paste_all(faces, drawn, photo, region=self.region, match_color=self.match_color)]
