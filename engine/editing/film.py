"""Writing films: H.264 in an .mp4, or an animated .webp or .gif."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import ImageError
from ..files import replacing
from ..images import to_uint8

__all__ = ["FILMS", "check_film", "write_film"]

FILMS = {".mp4": 240, ".webp": 100, ".gif": 50}  # highest frame rate: browsers slow down faster GIFs
BT709 = 1  # in H.264's tables of colour primaries, transfer curves and matrices
Picture = NDArray[np.uint8]  # [H, W, 3]


def write_film(path: str | os.PathLike[str], frames: Iterable[Tensor], fps: float = 30) -> int:
    """Write images as a film, atomically.

    An .mp4 is encoded frame by frame, so the frames need not fit into memory; this needs PyAV. Odd sides get one more
    row or column, because H.264 in yuv420p needs even sides. An animated .webp or .gif loops endlessly. It is
    held in memory until the last frame, with 3 bytes or 1 byte per pixel, and consecutive equal frames are merged.
    Missing folders are created.

    Args:
        path: ends in .mp4, .webp or .gif.
        frames: batches ``[B, 3, H, W]`` in [-1, 1], as from `render_film`.
        fps: frames per second.

    Returns:
        the number of frames written.

    Raises:
        ImageError: the suffix is not supported, PyAV is missing, the format does not support `fps`, there are no frames,
            they differ in size or are not finite, or the file can't be written.
    """
    path = Path(path)
    check_film(path, fps)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, ImageError) as beside:
            return _write(beside, frames, fps, path)
    except OSError as problem:
        raise ImageError(f"{path} can't be written: {problem}") from problem


def _write(beside: Path, frames: Iterable[Tensor], fps: float, path: Path) -> int:
    count, suffix = 0, path.suffix.lower()
    film: _Film = _Mp4(beside, fps) if suffix == ".mp4" else _Animation(beside, suffix, fps)
    try:
        for picture in _pictures(frames):
            with _encoder_errors(path, film):
                film.add(picture)
            count += 1
        if not count:
            raise ImageError(f"{path}: there are no frames to write")
        with _encoder_errors(path, film):
            film.finish()
    finally:
        film.close()
    return count


def check_film(path: Path, fps: float) -> None:
    """Check that a film with this name and frame rate can be written, before it is drawn.

    Raises:
        ImageError: see `write_film`.
    """
    kind = path.suffix.lower()
    if kind not in FILMS:
        raise ImageError(f"{path} ends in {path.suffix!r}: a film is written as {', '.join(FILMS)}")
    if not 0 < fps <= FILMS[kind]:
        raise ImageError(f"{path}: {fps:g} frames per second are not possible: expected more than 0 and at most {FILMS[kind]}")
    if kind == ".mp4":
        _av()


def _av() -> Any:
    try:
        import av  # noqa: PLC0415 (an extra, and large)
    except ImportError as error:
        raise ImageError(
            'writing .mp4 needs PyAV, which is not installed: pip install "pastiche[video]", or write a .webp or .gif'
        ) from error
    return av


def _pictures(frames: Iterable[Tensor]) -> Iterator[Picture]:
    """Split batches into single images, and check that all have one size."""
    shape: tuple[int, ...] | None = None
    for batch in frames:
        for picture in to_uint8(batch):
            shape = shape or picture.shape
            if picture.shape != shape:
                (h, w), (height, width) = picture.shape[:2], shape[:2]
                raise ImageError(f"the film has {width} x {height} pixels, but a frame has {w} x {h}: all frames need one size")
            yield picture


class _Film(Protocol):
    """A film that is being written.

    Attributes:
        refusals: the exceptions of its encoder, in addition to OSError.
    """

    refusals: tuple[type[Exception], ...]

    def add(self, picture: Picture) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None:
        """Close the file, whether it is finished or not."""


@contextmanager
def _encoder_errors(path: Path, film: _Film) -> Iterator[None]:
    """Convert an encoder's exceptions to ImageError. Exceptions from drawing the frames pass through."""
    try:
        yield
    except film.refusals as problem:
        raise ImageError(f"{path} can't be written: {problem}") from problem


class _Mp4:
    """H.264 for every browser: yuv420p, BT.709, index at the start."""

    def __init__(self, beside: Path, fps: float) -> None:
        self._av = _av()
        self.refusals: tuple[type[Exception], ...] = (self._av.FFmpegError, ValueError)
        self._container = self._av.open(str(beside), "w", format="mp4", options={"movflags": "+faststart"})
        self._rate = Fraction(fps).limit_denominator(1001)
        self._stream: Any = None

    def add(self, picture: Picture) -> None:
        height, width = picture.shape[:2]
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if self._stream is None:
            self._stream = self._opened(picture)
        frame = self._av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._container.mux(self._stream.encode())

    def close(self) -> None:
        self._container.close()

    def _opened(self, picture: Picture) -> Any:
        stream = self._container.add_stream("libx264", rate=self._rate, options={"crf": "16", "preset": "medium"})
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = BT709
        return stream


class _Animation:
    """Formats that Pillow writes. It needs all frames at once."""

    def __init__(self, beside: Path, suffix: str, fps: float) -> None:
        self.refusals: tuple[type[Exception], ...] = (ValueError,)
        self._beside = beside
        self._suffix = suffix
        self._fps = fps
        self._frames: list[Image.Image] = []

    def add(self, picture: Picture) -> None:
        frame = Image.fromarray(picture)
        self._frames.append(_reduced(frame) if self._suffix == ".gif" else frame)

    def finish(self) -> None:
        first, *others = self._frames
        options: dict[str, Any] = {"save_all": True, "append_images": others, "loop": 0}
        if self._suffix == ".gif":
            first.save(self._beside, "GIF", duration=self._durations(10), **options)
        else:
            first.save(self._beside, "WEBP", duration=self._durations(1), quality=90, method=4, **options)

    def close(self) -> None:
        self._frames.clear()

    def _durations(self, unit: int) -> list[int]:
        """Duration of each frame in integer milliseconds; the sum has the right length."""
        ends = [round(index * 1000 / self._fps / unit) * unit for index in range(len(self._frames) + 1)]
        return [end - start for start, end in pairwise(ends)]


def _reduced(frame: Image.Image) -> Image.Image:
    """Reduce to an adaptive palette of 256 colours, with dithering."""
    return frame.quantize(256, palette=frame.quantize(256), dither=Image.Dither.FLOYDSTEINBERG)
