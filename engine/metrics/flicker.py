"""Flicker: how much a video differs from its own previous frame, moved along the motion (Lai et al. 2018).

The optical flow is OpenCV's DIS (Kroeger et al. 2016), which needs no weights. It is computed on the original video, and
the error of a result is divided by the original's own, which holds noise, light and the errors of the flow.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError

__all__ = ["Flicker", "changed", "dis_flow", "measure_flicker", "visible", "warped"]

Pixels = NDArray[np.uint8]  # [H, W, 3]
Flow = NDArray[np.float32]  # [H, W, 2]: x and y, in pixels
CHANGED = 10  # levels of 255 by which a result differs from the original where it is measured: more than compression does,
AROUND = 9  # on average over this side in pixels


@dataclass(frozen=True)
class Flicker:
    """Warping errors: mean squared differences of colours from 0 to 1.

    Attributes:
        original: of the original video, where any result differs from it.
        results: of each result, at the same pixels.
    """

    original: float
    results: tuple[float, ...]

    @property
    def relative(self) -> tuple[float, ...]:
        """The error of each result, divided by the original's."""
        return tuple(result / max(self.original, 1e-12) for result in self.results)


def measure_flicker(
    original: Iterable[Pixels], results: Sequence[Iterable[Pixels]], *, motion: Callable[[int], Flow] | None = None
) -> Flicker:
    """Measure results of one video. Only two frames of each are in memory.

    Args:
        original: its frames, uint8 ``[H, W, 3]``.
        results: frames of the same size and number, for each result.
        motion: where each pixel of frame t lies in frame t - 1, as a shift, if that is known; otherwise it is estimated.

    Raises:
        ImageError: sizes or numbers differ, or there are fewer than two frames.
    """
    sums, pixels = np.zeros(1 + len(results)), 0
    before: list[Pixels] | None = None
    try:
        for t, frames in enumerate(zip(original, *results, strict=True)):
            now = list(frames)
            if len({frame.shape for frame in now}) > 1:
                raise ImageError(f"the videos differ in size: {', '.join(str(frame.shape[:2]) for frame in now)}")
            if before is not None:
                errors, count = _errors(before, now, None if motion is None else motion(t))
                sums, pixels = sums + errors, pixels + count
            before = now
    except ValueError as problem:
        raise ImageError("the videos differ in their numbers of frames: give a video and what was made of it") from problem
    if not pixels:
        raise ImageError("there is nothing to measure: the videos are equal, or have fewer than two frames")
    first, *others = (sums / pixels).tolist()
    return Flicker(first, tuple(others))


def _errors(before: list[Pixels], now: list[Pixels], known: Flow | None) -> tuple[NDArray[np.float64], int]:
    """For each video, the sum of squared differences over the pixels that count; and their number."""
    backward = dis_flow(now[0], before[0]) if known is None else known
    counted = changed(now)
    if known is None:
        counted &= visible(dis_flow(before[0], now[0]), backward)
    if not counted.any():
        return np.zeros(len(now)), 0
    sums = []
    for old, new in zip(before, now, strict=True):
        difference = (new.astype(np.float32) - warped(old.astype(np.float32), backward)) / 255
        sums.append(float((difference**2).mean(axis=2)[counted].sum()))
    return np.array(sums), int(counted.sum())


def changed(frames: Sequence[Pixels]) -> NDArray[np.bool_]:
    """Where any result differs from the original, which comes first: ``[H, W]``."""
    import cv2  # noqa: PLC0415 (slow to import)

    first, *others = (frame.astype(np.float32) for frame in frames)
    found = np.zeros(first.shape[:2], dtype=np.bool_)
    for other in others:
        found |= np.asarray(cv2.blur(np.abs(other - first).max(axis=2), (AROUND, AROUND)) >= CHANGED)
    return found


def dis_flow(start: Pixels, end: Pixels) -> Flow:
    """Where each pixel of `start` lies in `end`, as a shift."""
    import cv2  # noqa: PLC0415 (slow to import)

    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (start, end)]
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(finder.calc(grey[0], grey[1], None), dtype=np.float32)  # type: ignore[call-overload]


def warped(image: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """``[H, W, C]``: the value of each pixel at the place that `flow` says."""
    import cv2  # noqa: PLC0415 (slow to import)

    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    moved = cv2.remap(image, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def visible(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    """Pixels of the later frame that the earlier one shows too, off the borders of motion (Ruder et al. 2016, eq. 4 and 5).

    Args:
        forward: from the earlier frame to the later one.
        backward: from the later frame to the earlier one.
    """
    there = warped(forward, backward)
    both = (there**2).sum(axis=2) + (backward**2).sum(axis=2)
    occluded = ((there + backward) ** 2).sum(axis=2) > 0.01 * both + 0.5
    slopes = sum(slope**2 for axis in (0, 1) for slope in np.gradient(backward[..., axis]))
    border = slopes > 0.01 * (backward**2).sum(axis=2) + 0.002
    return np.asarray(~(occluded | border))
