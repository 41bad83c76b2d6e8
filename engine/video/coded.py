"""Second pass over a video: the latent of each face, from crops that stand still."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageError
from ..faces import Face
from ..faces.align import cut_face
from ..images import from_uint8
from ..progress import Progress, Step
from .folder import WorkFolder
from .found import PIECE, seen
from .placed import Placed, placed, radius_of
from .reader import Frame, VideoInfo, VideoSource, read_frames
from .smoothing import Smoothing, curve_weights, reach, windowed

__all__ = ["Coded", "CodedFace", "Encode", "coded", "crop_of", "encode_faces", "mean_codes", "smooth_codes"]

KIND = "coded"
Encode = Callable[[Tensor], Tensor]
"""Aligned faces ``[N, 3, S, S]`` to w+ codes ``[N, L, D]`` on the CPU."""


@dataclass(frozen=True)
class CodedFace:
    """One face of one frame: its place, and its code ``[L, D]`` in w+."""

    place: Placed
    code: Tensor


@dataclass(frozen=True)
class Coded:
    """One frame: its index, its time stamp, and its faces."""

    index: int
    pts: int
    faces: list[CodedFace]


def encode_faces(
    source: VideoSource,
    info: VideoInfo,
    work: WorkFolder,
    encode: Encode,
    *,
    size: int,
    tracks: Collection[int],
    smoothing: Smoothing,
    batch: int,
    total: int,
    progress: Progress,
) -> None:
    """Encode the faces of all frames, or of those that an interrupted run left.

    Args:
        source, info: the video and its facts.
        work: with the pieces of `find_faces`; gets one more of each.
        encode: the encoder.
        size: side of the crops.
        tracks: numbers of the people to encode.
        smoothing: widths in frames of this video.
        batch: faces that are encoded at once.
        total: number of frames.
        progress: called after each piece.
    """
    pieces = work.complete(KIND)
    start, radius = pieces * PIECE, radius_of(smoothing)
    if start >= total:
        return
    begin = max(start - radius, 0)
    windows = islice(windowed(seen(work, begin), radius), start - begin, None)
    frames = zip(read_frames(source, info, start=start), windows, strict=False)
    while rows := list(islice(_encoded(frames, encode, size, tracks, smoothing, batch), PIECE)):
        work.save(KIND, pieces, _tensors(rows))
        pieces += 1
        progress(Step(index=min(pieces * PIECE, total), total=total))


def _encoded(
    frames: Iterator[tuple[Frame, tuple[int, list]]],  # type: ignore[type-arg]
    encode: Encode,
    size: int,
    tracks: Collection[int],
    smoothing: Smoothing,
    batch: int,
) -> Iterator[Coded]:
    """One piece of frames with codes; faces of several frames share a batch."""
    for frame_group in _grouped(islice(frames, PIECE), batch):
        rows, crops = [], []
        for frame, (at, window) in frame_group:
            image, kept = from_uint8(frame.pixels), []
            for place in placed(window, at, smoothing, tracks):
                face = crop_of(image, place, size)
                if face is not None:
                    kept.append(place)
                    crops.append(face.crop)
            rows.append((frame, kept))
        codes = iter(encode(torch.cat(crops))) if crops else iter(())
        for frame, kept in rows:
            yield Coded(frame.index, frame.pts, [CodedFace(place, next(codes).cpu()) for place in kept])


def _grouped(items: Iterable[tuple[Frame, tuple[int, list]]], size: int) -> Iterator[list]:  # type: ignore[type-arg]
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group


def crop_of(image: Tensor, place: Placed, size: int) -> Face | None:
    """The crop of a face in its frame ``[1, 3, H, W]``; None if it left the picture."""
    try:
        return cut_face(image, place.corners, place.landmarks, size, score=place.score)
    except ImageError:
        return None


def coded(work: WorkFolder, start: int = 0) -> Iterator[Coded]:
    """The faces with their codes, from a frame on."""
    for number in range(start // PIECE, work.complete(KIND)):
        for row in _rows(work.load(KIND, number), number * PIECE):
            if row.index >= start:
                yield row


def mean_codes(work: WorkFolder) -> dict[int, Tensor]:
    """The mean code ``[L, D]`` of each person over the video."""
    sums: dict[int, Tensor] = {}
    counts: dict[int, int] = defaultdict(int)
    for row in coded(work):
        for face in row.faces:
            track = face.place.track
            sums[track] = sums[track] + face.code.double() if track in sums else face.code.double()
            counts[track] += 1
    return {track: (total / counts[track]).float() for track, total in sums.items()}


def smooth_codes(rows: Iterable[Coded], smoothing: Smoothing, means: dict[int, Tensor]) -> Iterator[Coded]:
    """Smooth codes over the frames of each run, and hold their later rows to the person's mean.

    Args:
        rows: frames in order.
        smoothing: widths in frames of this video.
        means: from `mean_codes`.
    """
    for at, window in windowed(rows, reach(smoothing.latents)):
        now = window[at]
        yield Coded(now.index, now.pts, [_smoothed(face, window, at, smoothing, means) for face in now.faces])


def _smoothed(face: CodedFace, window: Sequence[Coded], at: int, smoothing: Smoothing, means: dict[int, Tensor]) -> CodedFace:
    same = [
        (place - at, other.code)
        for place, row in enumerate(window)
        for other in row.faces
        if (other.place.track, other.place.run) == (face.place.track, face.place.run)
    ]
    weights = torch.from_numpy(curve_weights([offset for offset, _ in same], smoothing.latents)).float()
    with torch.autocast("cpu", enabled=False):
        code = torch.einsum("k,kld->ld", weights, torch.stack([code for _, code in same]))
    return CodedFace(face.place, held(code, means[face.place.track]) if smoothing.hold else code)


def held(code: Tensor, mean: Tensor) -> Tensor:
    """A code ``[L, D]`` with the later half of its rows from the mean."""
    half = len(code) // 2
    return torch.cat([code[:half], mean[half:]])


def _tensors(rows: list[Coded]) -> dict[str, Tensor]:
    faces = [(at, face) for at, row in enumerate(rows) for face in row.faces]
    whole = [[at, face.place.track, face.place.run] for at, face in faces]
    return {
        "pts": torch.tensor([row.pts for row in rows]),
        "faces": torch.tensor(whole, dtype=torch.int64).reshape(-1, 3),
        "scores": torch.tensor([face.place.score for _, face in faces], dtype=torch.float64),
        "corners": torch.from_numpy(np.array([face.place.corners for _, face in faces]).reshape(-1, 4, 2)),
        "landmarks": torch.from_numpy(np.array([face.place.landmarks for _, face in faces]).reshape(-1, 68, 2)),
        "codes": torch.stack([face.code for _, face in faces]).float() if faces else torch.zeros(0, 1, 1),
    }


def _rows(tensors: dict[str, Tensor], first: int) -> Iterator[Coded]:
    faces: dict[int, list[CodedFace]] = defaultdict(list)
    corners, landmarks = tensors["corners"].numpy(), tensors["landmarks"].numpy()
    numbers = zip(tensors["faces"].tolist(), tensors["scores"].tolist(), strict=True)
    for number, ((at, track, run), score) in enumerate(numbers):
        place = Placed(track, run, corners[number], landmarks[number], score)
        faces[at].append(CodedFace(place, tensors["codes"][number]))
    for at, pts in enumerate(tensors["pts"].tolist()):
        yield Coded(first + at, pts, faces[at])
