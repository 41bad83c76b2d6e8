"""Between styles of one method: each knows what lies half-way to another of its kind."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..styles import Style
from .timeline import neighbours

__all__ = ["Blendable", "StyleBlend"]


@runtime_checkable
class Blendable(Style, Protocol):
    """A style whose method can mix two of its styles into one that is called, and saved, alike."""

    @classmethod
    def between(cls, a: Any, b: Any, t: float) -> Style:
        """The style at `t` on the way from `a` (0) to `b` (1).

        Raises:
            StyleError: they belong to two generators.
        """
        ...


class StyleBlend:
    """Every style on the way through two or more of one method.

    Args:
        styles: made with the same generator.

    Raises:
        StyleError: fewer than two, of several methods, or of a method that can't mix its styles.

    A style in between is made when it is asked for, and kept until another one is: a film holds the styles
    given and one more.
    """

    def __init__(self, styles: Sequence[Style]) -> None:
        if len(styles) < 2:
            raise StyleError(f"{len(styles)} style was given to interpolate: give two or more")
        kinds = sorted({type(style).__name__ for style in styles})
        if len(kinds) > 1:
            raise StyleError(f"nothing lies between a {kinds[0]} and a {kinds[1]}: give styles of one method")
        if not isinstance(styles[0], Blendable):
            raise StyleError(f"a {kinds[0]} can't be interpolated: its method mixes no styles")
        self.styles = list(styles)
        self._kind: type[Blendable] = type(styles[0])
        self._kept: tuple[float, Style] | None = None

    def __len__(self) -> int:
        return len(self.styles)

    def at(self, t: float) -> Style:
        """The style at `t`: 0 for the first of them, 1 for the second, and so on; after the last comes the first."""
        before, after, share = neighbours(t, len(self.styles))
        if not share:
            return self.styles[before]
        if self._kept is None or self._kept[0] != t:
            self._kept = None  # before the next one takes its memory
            self._kept = t, self._kind.between(self.styles[before], self.styles[after], share)
        return self._kept[1]

    def along(self, positions: Sequence[float]) -> Iterator[Style]:
        """The style at each position, made when it is reached."""
        return (self.at(position) for position in positions)

    def __call__(self, latent: Latent, *, t: float, strength: float = 1.0, **controls: Any) -> Tensor:
        """Pictures ``[N, 3, H, W]`` in the style at `t`; strength and controls as of the styles themselves."""
        return self.at(t)(latent, strength=strength, **controls)
