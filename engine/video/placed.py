"""Where the crop of each face lies in a frame, smoothed over the frames around it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..faces import ffhq
from ..faces.shape import Array
from .found import Seen
from .smoothing import Smoothing, curve_weights, mean_weights, reach
from .tracking import GAP, Observation

__all__ = ["Placed", "centre_and_axis", "corners_of", "placed", "radius_of"]

IMAGINARY = np.array([1, 1j])  # points as complex numbers, where a product turns and scales


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
    slow, quick = curve_weights(offsets, smoothing.axes), curve_weights(offsets, smoothing.centre)
    centres, axes = _steady([face.landmarks for _, face in faces], mean_weights(offsets, smoothing.axes))
    centre, across = np.tensordot(quick, centres, axes=1), np.tensordot(slow, axes, axes=1)
    landmarks = np.tensordot(quick, np.stack([face.landmarks for _, face in faces]), axes=1)
    nearest = min(faces, key=lambda item: abs(item[0]))[1]
    return Placed(nearest.track, nearest.run, corners_of(centre, across), landmarks, nearest.score)


def _steady(landmarks: Sequence[Array], weights: Array) -> tuple[Array, Array]:
    """Crops that move with the whole face: each is that of the mean shape, fitted to one frame's landmarks.

    FFHQ's crop hangs on eyes and mouth, so it moves when a mouth does, and takes over the noise of few points.

    Args:
        landmarks: ``[68, 2]`` of each frame.
        weights: of each frame in the mean shape; with all weight on one frame, that frame has its own crop.

    Returns:
        Centres and axes, ``[K, 2]`` each, as from `centre_and_axis`.
    """
    points = np.stack(landmarks) @ IMAGINARY  # [K, 68]
    centres, axes = (np.stack(parts) @ IMAGINARY for parts in zip(*map(centre_and_axis, landmarks), strict=True))
    shape = weights @ ((points - centres[:, None]) / axes[:, None])  # [68], in the crop's own coordinates
    spread, middle = shape - shape.mean(), points.mean(axis=1)
    fitted = (points - middle[:, None]) @ spread.conj() / (spread.conj() @ spread).real  # [K]
    moved = middle - fitted * shape.mean()
    return np.stack([moved.real, moved.imag], axis=1), np.stack([fitted.real, fitted.imag], axis=1)


def centre_and_axis(landmarks: Array) -> tuple[Array, Array]:
    """The centre of the crop ``[2]``, and the way from there to the middle of its right edge ``[2]``."""
    corners = ffhq.quad(landmarks)
    return corners.mean(axis=0), (corners[3] - corners[0]) / 2


def corners_of(centre: Array, across: Array) -> Array:
    """Corners ``[4, 2]`` of the square with a centre and an axis, in the order of `ffhq.quad`."""
    down = np.array((-across[1], across[0]))
    return np.stack([centre - across - down, centre - across + down, centre + across + down, centre + across - down])
