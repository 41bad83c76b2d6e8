"""Writing of videos in segments, and joining them with the sound of the original.

A segment is a complete .mp4 of some frames, so work that was interrupted goes on behind the last complete one. Joining
copies packets: pictures are encoded once, and the sound is never decoded.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ImageError
from ..files import replacing
from .reader import Frame, Pixels, VideoInfo, VideoSource, av_module, name_of, opened

__all__ = ["CONTAINERS", "check_sound", "join", "write_segment"]

CONTAINERS = (".mp4", ".mov")
# No B-frames: decoding order is display order, so segments follow each other without a gap. Time stamps are the video's own.
ENCODING = {"crf": "16", "preset": "medium", "bf": "0"}
UNSPECIFIED = 2  # in H.273


def write_segment(path: Path, frames: Iterable[Frame], info: VideoInfo) -> int:
    """Write frames as H.264 with their time stamps, atomically.

    Colours are stored as in the original: matrix, range, primaries and transfer. Odd sides get one more row or column.

    Args:
        path: ends in .mp4.
        frames: upright, all of one size.
        info: of the original.

    Returns:
        the number of frames.

    Raises:
        ImageError: the file can't be written, or there are no frames.
    """
    av, count = av_module(), 0
    with replacing(path, ImageError) as beside, av.open(str(beside), "w", format="mp4") as container:
        stream: Any = None
        for frame in frames:  # what drawing them raises passes through
            with _encoder_errors(path):
                pixels = _even(frame.pixels)
                if stream is None:
                    stream, start = _stream(container, pixels, info), frame.pts
                container.mux(stream.encode(_encodable(pixels, frame.pts - start, info)))
            count += 1
        if stream is None:
            raise ImageError(f"{path}: there are no frames to write")
        with _encoder_errors(path):
            container.mux(stream.encode())
    return count


def check_sound(source: VideoSource, path: Path) -> None:
    """Check that a container can hold the sound of a video, as it is.

    Args:
        path: what is to be written; ends in one of `CONTAINERS`.

    Raises:
        ImageError: it can't, or the video can't be read.
    """
    with opened(source) as original:
        for track in original.streams.audio:
            fitting = [suffix for suffix in CONTAINERS if _holds(suffix, track)]
            if path.suffix.lower() not in fitting:
                other = f"write a {fitting[0]} file, or convert" if fitting else "convert"
                raise ImageError(
                    f"{name_of(source)} has sound in the format {track.codec_context.name}, which a {path.suffix} file can't "
                    f"hold: {other} the sound to AAC first"
                )


def _holds(suffix: str, track: Any) -> bool:
    av = av_module()
    try:
        with av.open(BytesIO(), "w", format=suffix[1:]) as container:
            container.add_stream_from_template(track)
            container.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True


def join(path: Path, segments: Sequence[tuple[int, Path]], source: VideoSource, info: VideoInfo) -> None:
    """Join segments and the sound of `source` into one file, atomically.

    Args:
        path: ends in one of `CONTAINERS`.
        segments: the time stamp of the first frame of each, and its file.
        source: the original, whose sound tracks are copied packet by packet.
        info: of the original.

    Raises:
        ImageError: a file can't be read or written, or the container does not support the sound's format.
    """
    av = av_module()
    kind, options = path.suffix.lower()[1:], {"movflags": "+faststart"}
    with (
        replacing(path, ImageError) as beside,
        opened(source) as original,
        _encoder_errors(path),
        av.open(str(beside), "w", format=kind, options=options) as container,
    ):
        with opened(str(segments[0][1])) as first:
            pictures = container.add_stream_from_template(first.streams.video[0])
        pictures.time_base = info.time_base
        tracks = {track: container.add_stream_from_template(track) for track in original.streams.audio}
        sound = _sound(original, tracks)
        waiting = next(sound, None)
        for packet in _pictures(segments, pictures, info):
            now = packet.dts * info.time_base
            while waiting is not None and waiting[0] <= now:
                container.mux(waiting[1])
                waiting = next(sound, None)
            container.mux(packet)
        while waiting is not None:
            container.mux(waiting[1])
            waiting = next(sound, None)


def _pictures(segments: Sequence[tuple[int, Path]], stream: Any, info: VideoInfo) -> Iterator[Any]:
    """The packets of all segments, at the original's time stamps."""
    for start, path in segments:
        with opened(str(path)) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.dts is None:  # the end of the file
                    continue
                scale = packet.time_base / info.time_base
                packet.pts = start + round(packet.pts * scale)
                packet.dts = start + round(packet.dts * scale)
                packet.duration = round(packet.duration * scale)
                packet.time_base = info.time_base
                packet.stream = stream
                yield packet


def _sound(original: Any, tracks: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Packets of the sound tracks, each with its time in seconds."""
    if not tracks:
        return
    last: dict[Any, int] = {}
    for packet in original.demux(list(tracks)):
        if packet.dts is None:
            continue
        track = packet.stream
        packet.dts = last[track] = max(packet.dts, last.get(track, packet.dts - 1) + 1)  # damaged files go back in time
        packet.pts = packet.dts if packet.pts is None else max(packet.pts, packet.dts)
        time = packet.dts * packet.time_base
        packet.stream = tracks[packet.stream]
        yield time, packet


def _stream(container: Any, pixels: Pixels, info: VideoInfo) -> Any:
    stream = container.add_stream("libx264", rate=info.rate, options=ENCODING)
    stream.height, stream.width = pixels.shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.time_base = info.time_base
    context = stream.codec_context
    context.time_base = info.time_base
    context.sample_aspect_ratio = info.aspect
    colors = info.colors
    if colors.range:
        context.color_range = colors.range
    context.colorspace, context.color_primaries, context.color_trc = colors.space, colors.primaries, colors.transfer
    return stream


def _encodable(pixels: Pixels, pts: int, info: VideoInfo) -> Any:
    frame = av_module().VideoFrame.from_ndarray(pixels, format="rgb24")
    colors: dict[str, Any] = {}
    if info.colors.range:
        colors["dst_color_range"] = info.colors.range
    if info.colors.space != UNSPECIFIED:
        colors["dst_colorspace"] = info.colors.space
    frame = frame.reformat(format="yuv420p", **colors)
    frame.pts, frame.time_base = pts, info.time_base
    return frame


def _even(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else pixels


@contextmanager
def _encoder_errors(path: Path) -> Iterator[None]:
    """Convert FFmpeg's exceptions to ImageError."""
    av = av_module()
    try:
        yield
    except (av.FFmpegError, ValueError) as problem:
        raise ImageError(f"{path} can't be written: {problem}") from problem
