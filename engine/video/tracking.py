"""Faces followed over time: by where they are from frame to frame, by what they look like when they come back.

Between looks of the detector, a face's landmarks are found around those of the frame before, which is ten times faster
and steadier. A face that no longer looks like itself is lost; a new one that looks like a lost one is that person.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import ImageError
from ..faces.align import Detector
from ..faces.box import Box
from ..faces.landmarks import Landmarker
from ..faces.shape import MEAN_SHAPE, Array, similarity
from .appearance import Appearance

__all__ = ["GAP", "Observation", "Tracker"]

EVERY = 12  # frames between two looks of the detector
SEARCH = 12  # frames after a loss in which it looks at every one
MISSES = 3  # looks in a row that don't show a tracked face
GAP = 6  # frames that are bridged: a face found again after as many is still in the same run
LARGEST_STEP = 0.6  # way of a face from one frame to the next, in its sides
GROWTH = 1.35  # of its side from one frame to the next
LEARNING = 0.1  # share of each frame in a person's appearance
REMEMBERED = 64  # people who are lost
NEAR = 1.0  # distance, in sides, within which position tells who a face is shortly after its loss
BONUS = 0.15  # what that is worth, in likeness


@dataclass(frozen=True)
class Observation:
    """One face of one frame.

    Attributes:
        track: number of the person.
        run: number of the stretch of frames without a cut or a long gap. Values are smoothed within runs.
        landmarks: float64 ``[68, 2]`` in pixel indices of the frame.
        score: 0 to 1; how sure the detector was, when it looked last.
    """

    track: int
    run: int
    landmarks: Array
    score: float


@dataclass
class _Track:
    """A person: numbers, the landmarks and the index of the last frame, appearance, detector's misses."""

    number: int
    run: int
    landmarks: Array
    last: int
    score: float
    looks: Tensor = field(repr=False)
    active: bool = True
    misses: int = 0

    @property
    def box(self) -> Box:
        return box_of(self.landmarks, self.score)


class Tracker:
    """Follows the faces of one video. Call it with each frame in order.

    Args:
        detector: gives boxes for a picture.
        landmarker: finds landmarks.
        appearance: tells people apart.
        every: frames between two looks of the detector; 1 looks at each frame.
    """

    def __init__(self, detector: Detector, landmarker: Landmarker, appearance: Appearance, *, every: int = EVERY) -> None:
        if every < 1:
            raise ValueError(f"every is {every}: the detector looks every frame (1), or less often")
        self._detector = detector
        self._landmarker = landmarker
        self._appearance = appearance
        self._every = every
        self._tracks: list[_Track] = []
        self._numbers = 0
        self._runs = 0
        self._lost_at = -SEARCH
        self._cut_at = -1

    def __call__(self, index: int, image: Tensor, *, cut: bool = False) -> list[Observation]:
        """The faces of a frame.

        Args:
            index: of the frame.
            image: ``[1, 3, H, W]`` in [-1, 1].
            cut: a new scene begins: who is in it is told by appearance alone.
        """
        if cut:
            self._cut_at = index
            for track in self._tracks:
                track.active = False
        for track in self._active():
            self._follow(track, index, image)
        self._separate()
        if cut or index % self._every == 0 or index - self._lost_at < SEARCH:
            self._look(index, image)
        return [
            Observation(track.number, track.run, track.landmarks, track.score)
            for track in self._active()
            if track.last == index
        ]

    def _active(self) -> list[_Track]:
        return [track for track in self._tracks if track.active]

    # --- from frame to frame -----------------------------------------------------------------------

    def _follow(self, track: _Track, index: int, image: Tensor) -> None:
        landmarks = self._found(image, track.box)
        if landmarks is None or not _plausible(track.landmarks, landmarks):
            self._lose(track, index)
            return
        looks = self._appearance.describe(image, landmarks)
        if float(looks @ track.looks) < self._appearance.keep:
            self._lose(track, index)
            return
        self._update(track, index, landmarks, looks)

    def _found(self, image: Tensor, box: Box) -> Array | None:
        """Landmarks in a box, if they lie in the picture."""
        try:
            landmarks = self._landmarker(image, box).double().cpu().numpy()
            box_of(landmarks)
        except ImageError:  # they span no face
            return None
        centre = landmarks.mean(axis=0)
        inside = (centre >= 0).all() and (centre < (image.shape[-1], image.shape[-2])).all()
        return landmarks if inside else None

    def _update(self, track: _Track, index: int, landmarks: Array, looks: Tensor) -> None:
        track.landmarks, track.last, track.active = landmarks, index, True
        track.looks = F.normalize(torch.lerp(track.looks, looks, LEARNING), dim=0)

    def _lose(self, track: _Track, index: int) -> None:
        track.active = False
        self._lost_at = index

    def _separate(self) -> None:
        """Two tracks that slid onto one face: the older one keeps it."""
        active = sorted(self._active(), key=lambda track: track.number)
        for place, track in enumerate(active):
            if any(_covers(other.box, track.box) > 0.5 for other in active[:place] if other.active):
                track.active = False

    # --- looks of the detector ---------------------------------------------------------------------

    def _look(self, index: int, image: Tensor) -> None:
        boxes = self._detector(image)
        for track in self._active():
            seen = [box for box in boxes if _covers(box, track.box) > 0.3]
            boxes = [box for box in boxes if box not in seen]
            track.misses = 0 if seen else track.misses + 1
            track.score = max([box.score for box in seen], default=track.score)
            if track.misses >= MISSES and index - self._lost_at >= SEARCH:
                self._lose(track, index)
        for box in boxes:
            self._arrive(index, image, box)

    def _arrive(self, index: int, image: Tensor, box: Box) -> None:
        """A face that nobody follows: someone who was lost, or someone new."""
        landmarks = self._found(image, box)
        if landmarks is None or any(_covers(track.box, box_of(landmarks)) > 0.5 for track in self._active()):
            return
        looks = self._appearance.describe(image, landmarks)
        lost = [track for track in self._tracks if not track.active]
        likeness = [self._likeness(track, index, landmarks, looks) for track in lost]
        if lost and max(likeness) >= self._appearance.same:
            track = lost[int(np.argmax(likeness))]
            if index - track.last > GAP + 1 or track.last < self._cut_at:
                track.run = self._next_run()
        else:
            track = _Track(self._numbers, self._next_run(), landmarks, index, box.score, looks)
            self._numbers += 1
            self._tracks.append(track)
            self._forget()
        track.score, track.misses = box.score, 0
        self._update(track, index, landmarks, looks)

    def _likeness(self, track: _Track, index: int, landmarks: Array, looks: Tensor) -> float:
        """Cosine of the appearances; a place nearby counts as well while the loss is fresh."""
        alike = float(looks @ track.looks)
        fresh = track.last >= self._cut_at and index - track.last <= SEARCH
        way = float(np.hypot(*(landmarks.mean(axis=0) - track.landmarks.mean(axis=0)))) / track.box.side
        return alike + BONUS * (fresh and way < NEAR)

    def _next_run(self) -> int:
        self._runs += 1
        return self._runs - 1

    def _forget(self) -> None:
        """Of too many who are lost, those lost longest ago."""
        lost = sorted((track for track in self._tracks if not track.active), key=lambda track: track.last)
        for track in lost[: max(len(lost) - REMEMBERED, 0)]:
            self._tracks.remove(track)

    # --- going on in another process ---------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """What is needed to go on."""
        rows = [[t.number, t.run, t.last, int(t.active), t.misses] for t in self._tracks]
        return {
            "tracks": torch.tensor(rows, dtype=torch.int64).reshape(-1, 5),
            "track_scores": torch.tensor([track.score for track in self._tracks], dtype=torch.float64),
            "track_landmarks": torch.from_numpy(np.array([t.landmarks for t in self._tracks]).reshape(-1, 68, 2)),
            "track_looks": torch.stack([t.looks for t in self._tracks]) if self._tracks else torch.zeros(0, 0),
            "tracker": torch.tensor([self._numbers, self._runs, self._lost_at, self._cut_at]),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from `state`."""
        self._numbers, self._runs, self._lost_at, self._cut_at = state["tracker"].tolist()
        landmarks = state["track_landmarks"].double().numpy()
        rows = zip(state["tracks"].tolist(), state["track_scores"].tolist(), landmarks, state["track_looks"], strict=True)
        self._tracks = [
            _Track(number, run, points, last, score, looks, bool(active), misses)
            for (number, run, last, active, misses), score, points, looks in rows
        ]


def box_of(landmarks: Array, score: float = 1.0) -> Box:
    """The box in which the mean face would lie as these landmarks do."""
    matrix = similarity(MEAN_SHAPE, landmarks)
    side = float(np.hypot(*matrix[:2, 0]))
    angle = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return Box.around(float(matrix[0, 2]), float(matrix[1, 2]), side, score=score, angle=angle)


def _plausible(before: Array, after: Array) -> bool:
    """Whether a face can have moved so from one frame to the next."""
    old, new = box_of(before), box_of(after)
    if old.side < 1 or not 1 / GROWTH < new.side / old.side < GROWTH:
        return False
    return float(np.hypot(*np.subtract(new.centre, old.centre))) < LARGEST_STEP * old.side


def _covers(one: Box, other: Box) -> float:
    """Shared area, as a part of the smaller box."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(width, 0.0) * max(height, 0.0) / max(min(one.side, other.side) ** 2, 1e-9)
