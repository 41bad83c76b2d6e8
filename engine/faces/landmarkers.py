"""Which network finds landmarks, by the name that a user chooses."""

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
    """What a name means here: auto is face-alignment once its weights are there.

    Raises:
        PasticheError: there is no such name.
    """
    if name not in LANDMARKERS:
        raise PasticheError(f"landmarks are found by {', '.join(LANDMARKERS)}, not by {name!r}")
    if name != "auto":
        return name
    return "face-alignment" if weights_file().exists() else "small"


def landmarker_of(name: LandmarkerName) -> Landmarker:
    """The network of a name, on the CPU.

    Args:
        name: small, the network that ships; face-alignment, the most accurate one, whose weights
            `pastiche weights get face-alignment` fetches; auto, that one if its weights are there, else small.

    Raises:
        PasticheError: there is no such name.
    """
    chosen = resolved(name)
    if name == "auto":
        log.info("landmarks by %s", "face-alignment" if chosen == "face-alignment" else "the small network")
    return _face_alignment() if chosen == "face-alignment" else bundled_landmarks()


@lru_cache(maxsize=1)
def _face_alignment() -> FaceAlignmentLandmarks:
    return FaceAlignmentLandmarks()
