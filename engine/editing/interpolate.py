"""Interpolation between faces, between styles, or both at once."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

from ..errors import PasticheError
from ..latents import Latent
from ..style_protocol import Style
from .latents import along
from .style_blend import StyleBlend
from .timeline import Easing, positions

__all__ = ["interpolate", "interpolate_many"]

Look = tuple[Latent, Style]


@overload
def interpolate(a: Latent, b: Latent, frames: int = 60, *, easing: Easing = "linear", loop: bool = False) -> Latent: ...
@overload
def interpolate(a: Style, b: Style, frames: int = 60, *, easing: Easing = "linear", loop: bool = False) -> Iterator[Style]: ...
@overload
def interpolate(a: Look, b: Look, frames: int = 60, *, easing: Easing = "linear", loop: bool = False) -> Iterator[Look]: ...
def interpolate(a: Any, b: Any, frames: int = 60, *, easing: Easing = "linear", loop: bool = False) -> Any:
    """Interpolate from `a` to `b`, both included.

        for latent, style in interpolate((me, ink), (you, oil), 60, easing="ease"):
            picture = style(latent)

    Args:
        a, b: two latents in one space, two styles of one method, or two pairs of a latent and a style. Both latents
            have N codes, or one of them has one code.
        frames: 2 or more.
        easing: "linear", or slow at both ends ("ease"), at the start ("ease-in"), at the end ("ease-out").
        loop: return to `a`, so that the first frame follows the last.

    Returns:
        For latents, one `Latent` of ``frames * N`` codes, ordered by frame. For styles, an iterator of ``frames`` styles; for
        pairs, an iterator of pairs. The iterator makes each style when it is reached.

    Raises:
        LatentError: the latents differ in space, shape or number.
        StyleError: the styles are of two methods or two generators.
        PasticheError: too few frames, an unknown easing, or values that can't be interpolated.
    """
    return interpolate_many([a, b], frames, easing=easing, loop=loop)


@overload
def interpolate_many(keys: Sequence[Latent], frames: int = 60, *, easing: Easing = "linear", loop: bool = False) -> Latent: ...
@overload
def interpolate_many(
    keys: Sequence[Style], frames: int = 60, *, easing: Easing = "linear", loop: bool = False
) -> Iterator[Style]: ...
@overload
def interpolate_many(
    keys: Sequence[Look], frames: int = 60, *, easing: Easing = "linear", loop: bool = False
) -> Iterator[Look]: ...
def interpolate_many(keys: Sequence[Any], frames: int = 60, *, easing: Easing = "linear", loop: bool = False) -> Any:
    """Interpolate through several keyframes, like `interpolate` between two. Easing applies between each two of them.

    Args:
        keys: two or more latents, styles, or pairs of both.
        frames: total number, evenly spaced; 1 + n * (keys - 1) frames include every keyframe exactly.
        loop: continue from the last keyframe back to the first.
    """
    if len(keys) < 2:
        raise PasticheError(f"{len(keys)} keyframe was given to interpolate: give two or more")
    times = positions(len(keys), frames, easing=easing, loop=loop)
    if all(isinstance(key, Latent) for key in keys):
        return along(keys, times)
    if all(isinstance(key, Style) for key in keys):
        return StyleBlend(keys).along(times)
    if all(_is_look(key) for key in keys):
        return _looks([key[0] for key in keys], StyleBlend([key[1] for key in keys]), times)
    found = ", ".join(type(key).__name__ for key in keys)
    raise PasticheError(f"can't interpolate between {found}: give latents, or styles, or pairs of a latent and a style")


def _is_look(key: Any) -> bool:
    return isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], Latent) and isinstance(key[1], Style)


def _looks(latents: Sequence[Latent], styles: StyleBlend, times: Sequence[float]) -> Iterator[Look]:
    codes = along(latents, times)
    count = len(codes) // len(times)
    return ((codes[k * count : (k + 1) * count], styles.at(place)) for k, place in enumerate(times))
