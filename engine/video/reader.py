"""Reading of videos frame by frame, upright, with the facts that the output has to keep."""

import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError

__all__ = [
    "Colors",
    "Frame",
    "Pixels",
    "VideoInfo",
    "VideoSource",
    "av_module",
    "decoded",
    "frames_near",
    "opened",
    "probe",
    "read_frames",
]

Pixels = NDArray[np.uint8]  # [H, W, 3]
VideoSource = str | os.PathLike[str] | BytesIO
BT709 = 1  # in H.273


@dataclass(frozen=True)
class Colors:
    """How a video stores colours, in the numbers of ITU-T H.273; 2 is unspecified.

    Attributes:
        range: 1 limited ("MPEG"), 2 full ("JPEG"), 0 unspecified: PyAV's numbers.
        space: the matrix; never 0, which is none: what was stored as RGB is written as BT.709.
    """

    range: int
    space: int
    primaries: int
    transfer: int


@dataclass(frozen=True)
class VideoInfo:
    """Facts of a video.

    Attributes:
        width, height: of the upright picture, in pixels.
        rate: mean frames per second.
        frames: number of frames as the file states it, or an estimate from its duration; 0 if neither is known.
        time_base: unit of the frames' time stamps, in seconds.
        aspect: width of a pixel relative to its height, of the upright picture.
        colors: how colours are stored.
        mirrored: whether stored frames are turned upside down for display, before they are rotated.
        rotation: by which stored frames are then turned, counterclockwise: 0, 90, 180 or 270 degrees.
        audio: whether there is a sound track.
    """

    width: int
    height: int
    rate: Fraction
    frames: int
    time_base: Fraction
    aspect: Fraction
    colors: Colors
    mirrored: bool = False
    rotation: int = 0
    audio: bool = False


@dataclass(frozen=True)
class Frame:
    """One frame: its index, its time stamp in units of `VideoInfo.time_base`, and its upright pixels."""

    index: int
    pts: int
    pixels: Pixels


def av_module() -> Any:
    """PyAV.

    Raises:
        ImageError: it is not installed.
    """
    try:
        import av  # noqa: PLC0415 (an extra, and large)
    except ImportError as error:
        raise ImageError('videos need PyAV, which is not installed: pip install "pastiche[video]"') from error
    return av


@contextmanager
def opened(source: VideoSource) -> Iterator[Any]:
    """Open a container for reading.

    Raises:
        ImageError: the file does not exist, or is not a video.
    """
    av = av_module()
    if isinstance(source, BytesIO):
        source.seek(0)
    try:
        container = av.open(source if isinstance(source, BytesIO) else os.fspath(source), "r")
    except (OSError, av.FFmpegError) as problem:
        raise ImageError(f"{name_of(source)} can't be read as a video: {problem}") from problem
    with container:
        yield container


def decoded(container: Any, source: VideoSource) -> Iterator[Any]:
    """The frames of the first stream of pictures from where the container stands, as PyAV gives them.

    Raises:
        ImageError: the file is damaged.
    """
    try:
        yield from container.decode(container.streams.video[0])
    except av_module().FFmpegError as problem:
        raise ImageError(f"{name_of(source)} is damaged ({problem}): fetch it again, or repair it with FFmpeg") from problem


def name_of(source: VideoSource) -> str:
    """The name of a source in messages."""
    return "this video" if isinstance(source, BytesIO) else os.fspath(source)


def probe(source: VideoSource) -> VideoInfo:
    """The facts of a video. The first frame is decoded, because it alone states the rotation.

    Raises:
        ImageError: the file does not exist, is not a video, or holds no frames.
    """
    with opened(source) as container:
        if not container.streams.video:
            raise ImageError(f"{name_of(source)} holds no pictures: give a video")
        stream = container.streams.video[0]
        first = next(decoded(container, source), None)
        if first is None:
            raise ImageError(f"{name_of(source)} holds no frames: give another video")
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        rotation = round(first.rotation / 90) * 90 % 360
        turned = rotation % 180 == 90
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        return VideoInfo(
            width=first.height if turned else first.width,
            height=first.width if turned else first.height,
            rate=rate,
            frames=stream.frames or _estimated(container, stream, rate),
            time_base=Fraction(stream.time_base),
            aspect=1 / aspect if turned else aspect,
            colors=Colors(
                range=int(first.color_range),
                space=int(first.colorspace) or BT709,
                primaries=int(first.color_primaries),
                transfer=int(first.color_trc),
            ),
            mirrored=_is_mirrored(first),
            rotation=rotation,
            audio=bool(container.streams.audio),
        )


def _is_mirrored(frame: Any) -> bool:
    matrix = frame.side_data.get(av_module().sidedata.sidedata.Type.DISPLAYMATRIX)
    if matrix is None:
        return False
    a, b, _, c, d = map(int, np.frombuffer(bytes(matrix), np.int32)[:5])
    return a * d - b * c < 0


def _estimated(container: Any, stream: Any, rate: Fraction) -> int:
    if stream.duration is not None:
        return round(Fraction(stream.duration) * Fraction(stream.time_base) * rate)
    return 0 if container.duration is None else round(Fraction(container.duration, 1_000_000) * rate)


def read_frames(source: VideoSource, info: VideoInfo, *, start: int = 0, only: Container[int] | None = None) -> Iterator[Frame]:
    """Decode frames one after the other. Only one is in memory.

    Args:
        source: the video.
        info: from `probe`.
        start: index of the first frame; earlier ones are decoded and dropped.
        only: indices of the frames that are needed; all if None.

    Raises:
        ImageError: the file can't be read.
    """
    with opened(source) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        step = max(round(1 / (info.rate * info.time_base)), 1)
        previous: int | None = None
        for index, frame in enumerate(decoded(container, source)):
            fallback = 0 if previous is None else previous + step
            pts = fallback if frame.pts is None else int(frame.pts)
            previous = pts if previous is None else max(pts, previous + 1)  # damaged files repeat time stamps
            if index >= start and (only is None or index in only):
                yield Frame(index, previous, _upright(frame, info))


def frames_near(source: VideoSource, info: VideoInfo, count: int) -> Iterator[Frame]:
    """`count` frames at equal distances, found by seeking, so that a long video need not be decoded.

    Raises:
        ImageError: the file can't be read.
    """
    with opened(source) as container:
        stream = container.streams.video[0]
        total = info.frames or count
        for number in range(min(count, total)):
            wanted = int((number + 0.5) * total / count / info.rate / info.time_base) + (stream.start_time or 0)
            container.seek(wanted, stream=stream)
            found = None
            for found in decoded(container, source):
                if found.pts is None or found.pts >= wanted:
                    break
            if found is not None:
                yield Frame(number, int(found.pts or 0), _upright(found, info))


def _upright(frame: Any, info: VideoInfo) -> Pixels:
    """A frame as it is displayed; a video whose size changes half-way keeps that of its first frame."""
    turned = info.rotation % 180 == 90
    width, height = (info.height, info.width) if turned else (info.width, info.height)
    pixels: Pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(pixels[::-1] if info.mirrored else pixels, info.rotation // 90))
