"""Styles that keep a person's likeness, made by the `on` method of a style."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..style_protocol import Style, check_strength
from ..stylegan2 import LatentGenerator
from ..stylegan2.fingerprint import fingerprint
from .tuned import Tuned

__all__ = ["LIKENESS", "PLAIN_LIKENESS", "Personal", "PersonalStyle", "expect_person", "expect_personal", "on"]

# Chosen by eye on photographs.
LIKENESS = 0.4  # in a style: people are recognisable, and eyes and outlines are still those of the style
PLAIN_LIKENESS = 0.6  # without a style; more smears large edits


class PersonalStyle:
    """A style combined with one person. It has the interface of the style.

    Args:
        style: the style that uses the person's networks.
        at: gives the style for a strength below 1, if its networks depend on it.
    """

    def __init__(self, style: Style, at: Callable[[float], Style] | None = None) -> None:
        self.style = style
        self._at = at

    def __call__(self, latent: Latent, *, strength: Any = 1.0, **controls: Any) -> Tensor:
        """Images ``[N, 3, H, W]``; see the style itself. Strength 0 gives the person without the style."""
        check_strength(strength)
        style = self.style if self._at is None else self._at(strength)
        images: Tensor = style(latent, strength=strength, **controls)
        return images

    def save(self, path: str | Path) -> None:
        """Not supported: style and person are saved separately.

        Raises:
            StyleError: always.
        """
        raise StyleError(
            f"{path}: a style with a person can't be saved in one file: save the style and the person (Tuned.save) separately"
        )


@runtime_checkable
class Personal(Protocol):
    """A style whose method can keep a person's likeness."""

    def on(self, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
        """Combine this style with a generator that was tuned to a person.

        Args:
            person: tuned on the generator that the style was made with.
            likeness: 0 gives the style alone, 1 as much of the person as the method can keep.

        Raises:
            StyleError: the person belongs to another generator, or the likeness is out of range.
        """
        ...


def on(style: Style, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
    """Combine a style of any method with a person; see `Personal.on`.

    Raises:
        StyleError: the method does not support a likeness; or as `Personal.on`.
    """
    return expect_personal(style).on(person, likeness)


def expect_personal(style: Style) -> Personal:
    """Return the style if its method supports a likeness.

    Raises:
        StyleError: it does not.
    """
    if not isinstance(style, Personal):
        raise StyleError(
            f"a likeness is for styles of a single method, and {type(style).__name__} has no way to keep it: leave the person "
            "and the likeness out, or take another style"
        )
    return style


def expect_person(person: Tuned, base: LatentGenerator, likeness: float) -> None:
    """Check that a person belongs to a style's generator, and that the likeness is valid.

    Raises:
        StyleError: the person was tuned on another generator, or the likeness is out of range.
    """
    if not isinstance(likeness, int | float) or not 0 <= likeness <= 1:
        raise StyleError(f"likeness is {likeness!r}: expected a number from 0, the style alone, to 1, all that the style bears")
    if person.base is not base and fingerprint(person.base) != fingerprint(base):
        raise StyleError("the person was tuned on another generator than the one that draws here: use one for both")
