"""When a film reaches its keyframes.

A position says where a frame stands among the keyframes: 0 at the first, 1 at the second, 1.5 half-way from there
to the third. Faces, styles and strengths are all led by positions, so that they move together.
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
    """The position of each frame, evenly spread over the keyframes.

    Args:
        keys: how many keyframes there are; with one alone, every frame stands at it.
        frames: of the film, 2 or more.
        easing: how to go from each keyframe to the next: evenly, or slowly at both ends ("ease"), at the start
            ("ease-in") or at the end ("ease-out").
        loop: go on from the last keyframe back to the first. The frame that would repeat the first one is left out, so
            that the film runs on without a halt.

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
    """The keyframes on both sides of a position, and how far it is from the one to the other, below 1.

    Positions beyond the last of `keys` lead back to the first.
    """
    before = floor(position)
    return before % keys, (before + 1) % keys, position - before


def mixed(keys: Sequence[float], positions: Sequence[float]) -> list[float]:
    """Numbers, such as strengths, at `positions` on the way through the keyframes."""
    around = [neighbours(position, len(keys)) for position in positions]
    return [keys[before] + t * (keys[after] - keys[before]) for before, after, t in around]
