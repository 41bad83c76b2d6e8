"""Landmarkers by the name that a user chooses."""

import logging
from functools import lru_cache
from typing import Literal, get_args

from ..errors import PasticheError
from .fan import FaceAlignmentLandmarks, weights_file
from .landmarks import Landmarker, bundled_landmarks

__all__ = ["LANDMARKERS", "LandmarkerName", "landmarker_of", "resolved"]

log = logging.getLogger(__name__)

LandmarkerName = Literal["auto", "face-alignment", "small"]
LANDMARKERS: tuple[LandmarkerName, ...] = get_args(LandmarkerName)


def resolved(name: LandmarkerName) -> Literal["face-alignment", "small"]:
    """The landmarker that a name selects here: auto is face-alignment if its weights are present, otherwise small.

    Raises:
        PasticheError: the name is unknown.
    """
    if name not in LANDMARKERS:
        raise PasticheError(f"unknown landmarker {name!r}: expected one of {', '.join(LANDMARKERS)}")
    if name != "auto":
        return name
    return "face-alignment" if weights_file().exists() else "small"


def landmarker_of(name: LandmarkerName) -> Landmarker:
    """The landmarker with a name, on the CPU.

    Args:
        name: "small" is the bundled network. "face-alignment" is the most accurate one; `pastiche weights get face-alignment`
            downloads its weights. "auto" is face-alignment if its weights are present, otherwise small.

    Raises:
        PasticheError: the name is unknown.
    """
    chosen = resolved(name)
    if name == "auto":
        log.info("landmarks by %s", "face-alignment" if chosen == "face-alignment" else "the small network")
    return _face_alignment() if chosen == "face-alignment" else bundled_landmarks()


@lru_cache(maxsize=1)
def _face_alignment() -> FaceAlignmentLandmarks:
    return FaceAlignmentLandmarks()
