"""Where the crop of each face lies in a frame, smoothed over the frames around it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..faces import ffhq
from ..faces.shape import Array
from .found import Seen
from .smoothing import Smoothing, curve_weights, reach
from .tracking import GAP, Observation

__all__ = ["Placed", "centre_and_axis", "corners_of", "placed", "radius_of"]


@dataclass(frozen=True)
class Placed:
    """One face of one frame after smoothing.

    Attributes:
        track, run: as in `Observation`.
        corners: of the crop, float64 ``[4, 2]``, in the order of `ffhq.quad`.
        landmarks: float64 ``[68, 2]``.
        score: of the nearest observation.
    """

    track: int
    run: int
    corners: Array
    landmarks: Array
    score: float


def radius_of(smoothing: Smoothing) -> int:
    """How many frames to each side `placed` needs."""
    return max(reach(smoothing.centre), reach(smoothing.axes), GAP)


def placed(window: Sequence[Seen], at: int, smoothing: Smoothing, tracks: Collection[int]) -> list[Placed]:
    """The faces of the frame ``window[at]``, also those that were missed for a few frames.

    Args:
        window: neighbouring frames in order.
        at: position of the frame.
        smoothing: widths in frames of this video.
        tracks: numbers of the people who count.
    """
    runs: dict[tuple[int, int], list[tuple[int, Observation]]] = defaultdict(list)
    for place, row in enumerate(window):
        for face in row.faces:
            if face.track in tracks:
                runs[face.track, face.run].append((place - at, face))
    return [_smoothed(faces, smoothing) for _, faces in sorted(runs.items(), key=lambda item: item[0]) if _spans(faces)]


def _spans(faces: list[tuple[int, Observation]]) -> bool:
    """Whether a run reaches over this frame: seen in it, or not long before and not long after it."""
    offsets = [offset for offset, _ in faces]
    before, after = max((o for o in offsets if o <= 0), default=None), min((o for o in offsets if o >= 0), default=None)
    return before is not None and after is not None and after - before <= GAP + 1


def _smoothed(faces: list[tuple[int, Observation]], smoothing: Smoothing) -> Placed:
    offsets = [offset for offset, _ in faces]
    quads = [centre_and_axis(face.landmarks) for _, face in faces]
    slow, quick = curve_weights(offsets, smoothing.axes), curve_weights(offsets, smoothing.centre)
    centre = np.tensordot(quick, np.stack([centre for centre, _ in quads]), axes=1)
    across = np.tensordot(slow, np.stack([across for _, across in quads]), axes=1)
    landmarks = np.tensordot(quick, np.stack([face.landmarks for _, face in faces]), axes=1)
    nearest = min(faces, key=lambda item: abs(item[0]))[1]
    return Placed(nearest.track, nearest.run, corners_of(centre, across), landmarks, nearest.score)


def centre_and_axis(landmarks: Array) -> tuple[Array, Array]:
    """The centre of the crop ``[2]``, and the way from there to the middle of its right edge ``[2]``."""
    corners = ffhq.quad(landmarks)
    return corners.mean(axis=0), (corners[3] - corners[0]) / 2


def corners_of(centre: Array, across: Array) -> Array:
    """Corners ``[4, 2]`` of the square with a centre and an axis, in the order of `ffhq.quad`."""
    down = np.array((-across[1], across[0]))
    return np.stack([centre - across - down, centre - across + down, centre + across + down, centre + across - down])
