"""Interpolation between styles of one method."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..style_protocol import Style
from .timeline import neighbours

__all__ = ["Blendable", "StyleBlend"]


@runtime_checkable
class Blendable(Style, Protocol):
    """A style whose method can interpolate between two styles. The result has the same interface and file format."""

    @classmethod
    def between(cls, a: Any, b: Any, t: float) -> Style:
        """Interpolate from `a` (t = 0) to `b` (t = 1).

        Raises:
            StyleError: they belong to different generators.
        """
        ...


class StyleBlend:
    """A path through two or more styles of one method.

    An interpolated style is computed on request and cached until the next one. So a film holds the given styles
    and one more.

    Args:
        styles: made with the same generator.

    Raises:
        StyleError: fewer than two styles, styles of several methods, or of a method that can't interpolate.
    """

    def __init__(self, styles: Sequence[Style]) -> None:
        if len(styles) < 2:
            raise StyleError(f"{len(styles)} style was given to interpolate: give two or more")
        kinds = sorted({type(style).__name__ for style in styles})
        if len(kinds) > 1:
            raise StyleError(f"can't interpolate between a {kinds[0]} and a {kinds[1]}: give styles of one method")
        if not isinstance(styles[0], Blendable):
            raise StyleError(f"a {kinds[0]} can't be interpolated: its method does not support it")
        self.styles = list(styles)
        self._kind: type[Blendable] = type(styles[0])
        self._cached: tuple[float, Style] | None = None

    def __len__(self) -> int:
        return len(self.styles)

    def at(self, t: float) -> Style:
        """The style at `t`: 0 for the first one, 1 for the second, and so on. The last one is followed by the first."""
        before, after, share = neighbours(t, len(self.styles))
        if not share:
            return self.styles[before]
        cached = self._cached  # read once: other threads may replace it meanwhile
        if cached is None or cached[0] != t:
            self._cached = cached = None  # frees its memory before the next one is allocated
            self._cached = cached = t, self._kind.between(self.styles[before], self.styles[after], share)
        return cached[1]

    def along(self, positions: Sequence[float]) -> Iterator[Style]:
        """Iterate over the styles at `positions`. Each is computed when it is reached."""
        return (self.at(position) for position in positions)

    def __call__(self, latent: Latent, *, t: float, strength: float = 1.0, **controls: Any) -> Tensor:
        """Images ``[N, 3, H, W]`` in the style at `t`. Strength and controls are those of the styles."""
        return self.at(t)(latent, strength=strength, **controls)
