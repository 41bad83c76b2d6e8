"""First pass over a video: where its faces are, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..images import from_uint8
from ..progress import Progress, Step
from .folder import WorkFolder
from .reader import VideoInfo, VideoSource, read_frames
from .scenes import Cuts
from .tracking import Observation, Tracker

__all__ = ["PIECE", "Census", "Seen", "census", "find_faces", "seen"]

PIECE = 64  # frames of a piece of the work
KIND = "found"


@dataclass(frozen=True)
class Seen:
    """What was found in one frame: its index and time stamp, whether a new scene begins, and its faces."""

    index: int
    pts: int
    cut: bool
    faces: list[Observation]


@dataclass(frozen=True)
class Census:
    """Who is in a video.

    Attributes:
        frames: number of frames.
        cuts: number of scene cuts.
        counts: frames of each person, by number.
        areas: sum of the areas of each person's face over the frames, in pixels.
    """

    frames: int
    cuts: int
    counts: dict[int, int]
    areas: dict[int, float]

    def chosen(self, most: int, least: int) -> list[int]:
        """The people who fill the most of the video.

        Args:
            most: how many, at most.
            least: frames in which one has to be seen; a shorter video counts as a whole.
        """
        least = min(least, self.frames)
        known = [track for track, count in self.counts.items() if count >= least]
        return sorted(sorted(known, key=lambda track: self.areas[track], reverse=True)[:most])


def find_faces(source: VideoSource, info: VideoInfo, work: WorkFolder, tracker: Tracker, progress: Progress) -> None:
    """Find and follow the faces of all frames, or of those that an interrupted run left.

    Args:
        source: the video.
        info: its facts.
        work: gets a piece for every `PIECE` frames.
        tracker: new; it goes on from the last piece.
        progress: called after each frame.
    """
    if work.noted(KIND) is not None:
        return
    cuts, pieces = Cuts(), work.complete(KIND)
    if pieces:
        state = work.load(KIND, pieces - 1)
        tracker.restore(state)
        cuts.restore(state)
    rows: list[Seen] = []
    index = pieces * PIECE - 1
    for frame in read_frames(source, info, start=pieces * PIECE):
        image, index = from_uint8(frame.pixels), frame.index
        cut = cuts(image)
        rows.append(Seen(index, frame.pts, cut, tracker(index, image, cut=cut)))
        if len(rows) == PIECE:
            work.save(KIND, index // PIECE, {**_tensors(rows), **tracker.state(), **cuts.state()})
            rows = []
        progress(Step(index=index + 1, total=max(info.frames, index + 1)))
    if rows:
        work.save(KIND, index // PIECE, {**_tensors(rows), **tracker.state(), **cuts.state()})
    work.note(KIND, {"frames": index + 1})


def seen(work: WorkFolder, start: int = 0) -> Iterator[Seen]:
    """What was found, from a frame on."""
    for number in range(start // PIECE, work.complete(KIND)):
        for row in _rows(work.load(KIND, number), number * PIECE):
            if row.index >= start:
                yield row


def census(work: WorkFolder) -> Census:
    """Count who is in the video."""
    frames = cuts = 0
    counts: dict[int, int] = {}
    areas: dict[int, float] = {}
    for row in seen(work):
        frames += 1
        cuts += row.cut
        for face in row.faces:
            counts[face.track] = counts.get(face.track, 0) + 1
            areas[face.track] = areas.get(face.track, 0.0) + float(np.ptp(face.landmarks, axis=0).prod())
    return Census(frames, cuts, counts, areas)


def _tensors(rows: list[Seen]) -> dict[str, Tensor]:
    faces = [(place, face) for place, row in enumerate(rows) for face in row.faces]
    whole = [[place, face.track, face.run] for place, face in faces]
    return {
        "pts": torch.tensor([row.pts for row in rows]),
        "cuts": torch.tensor([row.cut for row in rows]),
        "faces": torch.tensor(whole, dtype=torch.int64).reshape(-1, 3),
        "scores": torch.tensor([face.score for _, face in faces], dtype=torch.float64),
        "landmarks": torch.from_numpy(np.array([face.landmarks for _, face in faces]).reshape(-1, 68, 2)),
    }


def _rows(tensors: dict[str, Tensor], first: int) -> Iterator[Seen]:
    landmarks = tensors["landmarks"].double().numpy()
    faces = list(zip(tensors["faces"].tolist(), tensors["scores"].tolist(), landmarks, strict=True))
    for place, (pts, cut) in enumerate(zip(tensors["pts"].tolist(), tensors["cuts"].tolist(), strict=True)):
        here = [Observation(track, run, points, score) for (at, track, run), score, points in faces if at == place]
        yield Seen(first + place, pts, cut, here)
