"""The timing of a film's keyframes.

A position locates a frame among the keyframes: 0 is the first, 1 the second, 1.5 half-way between the second and
the third. Faces, styles and strengths all use positions, so that they change together.
"""

from collections.abc import Callable, Sequence
from math import floor
from typing import Literal, get_args

from ..errors import PasticheError

__all__ = ["EASINGS", "Easing", "mixed", "neighbours", "positions"]

Easing = Literal["linear", "ease", "ease-in", "ease-out"]

EASINGS: tuple[Easing, ...] = get_args(Easing)

CURVES: dict[Easing, Callable[[float], float]] = {
    "linear": lambda t: t,
    "ease": lambda t: t * t * (3 - 2 * t),  # smoothstep
    "ease-in": lambda t: t * t,
    "ease-out": lambda t: t * (2 - t),
}


def positions(keys: int, frames: int, *, easing: Easing = "linear", loop: bool = False) -> list[float]:
    """The position of each frame, evenly spaced over the keyframes.

    Args:
        keys: number of keyframes; with a single one, every frame is at it.
        frames: number of frames, 2 or more.
        easing: speed between two keyframes: constant ("linear"), slow at both ends ("ease"), at the start
            ("ease-in") or at the end ("ease-out").
        loop: continue from the last keyframe back to the first. The frame that would repeat the first one is left out,
            so that the film repeats without a pause.

    Raises:
        PasticheError: fewer than two frames, no keyframe, or an unknown easing.
    """
    if frames < 2 or keys < 1:
        raise PasticheError(f"a film of {frames} frames through {keys} keyframes: it needs 2 frames or more, and a keyframe")
    if easing not in EASINGS:
        raise PasticheError(f"there is no easing {easing!r}: choose one of {', '.join(EASINGS)}")
    if keys == 1:
        return [0.0] * frames
    spans, steps = (keys, frames) if loop else (keys - 1, frames - 1)
    return [_eased(index * spans / steps, easing) for index in range(frames)]


def _eased(position: float, easing: Easing) -> float:
    key = floor(position)
    return key + CURVES[easing](position - key)


def neighbours(position: float, keys: int) -> tuple[int, int, float]:
    """The keyframes before and after a position, and the fraction of the way between them, below 1.

    Positions beyond the last keyframe lead back to the first.
    """
    before = floor(position)
    return before % keys, (before + 1) % keys, position - before


def mixed(keys: Sequence[float], positions: Sequence[float]) -> list[float]:
    """Interpolate numbers, such as strengths, at `positions` along the keyframes."""
    around = [neighbours(position, len(keys)) for position in positions]
    return [keys[before] + t * (keys[after] - keys[before]) for before, after, t in around]
