"""Smoothing in time: two-sided for files, one-sided for live pictures.

Files: locally quadratic regression with Gaussian weights (Cleveland 1979). A mean cuts the turns of a motion short, and lags at
the ends of a run of frames; a fitted parabola follows both, so it can be twice as wide and leave less noise. Live: the
One-Euro filter (Casiez et al. 2012), whose cutoff grows with speed.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_BY_FRAME", "REACH", "OneEuro", "Smoothing", "curve_weights", "mean_weights", "windowed"]

Array = NDArray[np.float64]
Item = TypeVar("Item")

REACH = 3.0  # of a Gaussian, in sigmas
LEAST = 1e-6  # weight below which a value says nothing about a curve
USUAL_RATE = 25.0  # frames per second that the widths are meant for


@dataclass(frozen=True, kw_only=True)
class Smoothing:
    """Widths of the Gaussians in time, sigma in frames at 25 frames per second. 0 leaves a value as it was found.

    Attributes:
        centre: of the crop's position. "Stitch it in Time" takes the mean of 1 frame; this parabola leaves as little noise
            as that, and a quarter of its error in turns.
        axes: of the crop's size and angle, which heads change slowly ("Stitch it in Time": the mean of 3).
        latents: of the codes.
        masks: of the outlines by which faces are pasted back, which are means.
        hold: replace the later half of a code's rows (colours, light, texture) by the person's mean over the video.
    """

    centre: float = 2.0
    axes: float = 5.0
    latents: float = 5.0
    masks: float = 4.0
    hold: bool = True

    def __post_init__(self) -> None:
        for name in ("centre", "axes", "latents", "masks"):
            if not 0 <= getattr(self, name) <= 30:
                raise ValueError(f"{name} is {getattr(self, name)}: expected 0 to 30 frames")

    def at(self, rate: float) -> "Smoothing":
        """The same durations at another frame rate."""
        scale = rate / USUAL_RATE
        widths = {name: min(getattr(self, name) * scale, 30.0) for name in ("centre", "axes", "latents", "masks")}
        return Smoothing(**widths, hold=self.hold)


FRAME_BY_FRAME = Smoothing(centre=0, axes=0, latents=0, masks=0, hold=False)
"""Every frame by itself."""


def reach(sigma: float) -> int:
    """How many frames to each side a Gaussian sees."""
    return math.ceil(REACH * sigma)


def windowed(items: Iterable[Item], radius: int) -> Iterator[tuple[int, list[Item]]]:
    """Each item with its neighbours: its position in the list, and the list of at most ``2 * radius + 1`` items."""
    window: deque[Item] = deque(maxlen=2 * radius + 1)
    nothing = object()
    ahead = 0
    for item in chain(items, [nothing] * radius):
        if item is nothing:
            if not ahead:
                return
            if len(window) > radius + ahead:
                window.popleft()
        else:
            window.append(item)  # type: ignore[arg-type]
            ahead += 1
            if ahead <= radius:
                continue
        ahead -= 1
        yield len(window) - 1 - ahead, list(window)


def mean_weights(offsets: Sequence[int], sigma: float) -> Array:
    """Gaussian weights of values at `offsets` frames from now; they sum to 1. With sigma 0, the nearest value alone."""
    distance = np.abs(np.asarray(offsets, dtype=np.float64))
    weights = np.exp(-0.5 * (distance / sigma) ** 2) if sigma else (distance == distance.min()).astype(np.float64)
    if weights.sum() < 1e-12:
        weights = (distance == distance.min()).astype(np.float64)
    return np.asarray(weights / weights.sum())


def curve_weights(offsets: Sequence[int], sigma: float) -> Array:
    """Weights that give the value of the locally fitted parabola at offset 0; they sum to 1, and some may be negative.

    Where a parabola would be less certain than a single value, as across a gap with few values beside it, a line is fitted,
    and then a mean.
    """
    x, weights = np.asarray(offsets, dtype=np.float64), mean_weights(offsets, sigma)
    used = weights > LEAST
    roots = np.sqrt(np.where(used, weights, 0.0))
    for degree in range(min(2, len(np.unique(x[used])) - 1), 0, -1):
        powers = np.vander(x / max(sigma, 1.0), degree + 1, increasing=True)
        fitted = np.asarray(np.linalg.pinv(powers * roots[:, None])[0] * roots)
        if (fitted**2).sum() < 1 + LEAST:
            return fitted
    return weights


class OneEuro:
    """A one-sided filter for values of any shape: much smoothing at rest, little lag in motion.

    Args:
        rate: values per second.
        cutoff: in Hz, at rest.
        beta: by how much the cutoff grows with each unit of speed.
    """

    def __init__(self, rate: float, *, cutoff: float = 1.0, beta: float = 0.01) -> None:
        self.rate = rate
        self.cutoff = cutoff
        self.beta = beta
        self._value: Array | None = None
        self._speed: Array | None = None

    def __call__(self, value: Array) -> Array:
        """The smoothed value."""
        if self._value is None or self._speed is None:
            self._value, self._speed = np.asarray(value, dtype=np.float64), np.zeros_like(value, dtype=np.float64)
            return self._value
        speed = (value - self._value) * self.rate
        self._speed = self._speed + self._share(1.0) * (speed - self._speed)
        amount = float(np.linalg.norm(self._speed)) / math.sqrt(self._speed.size)
        self._value = self._value + self._share(self.cutoff + self.beta * amount) * (value - self._value)
        return self._value

    def _share(self, cutoff: float) -> float:
        """How much of a new value is taken on, for a low-pass of the first order."""
        step = 2 * math.pi * cutoff / self.rate
        return step / (step + 1)
