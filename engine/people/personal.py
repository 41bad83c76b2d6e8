"""A style that keeps a person: every method's `on` gives one."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..stylegan2 import LatentGenerator
from ..stylegan2.fingerprint import fingerprint
from ..styles import Style
from .tuned import Tuned

__all__ = ["LIKENESS", "Personal", "PersonalStyle", "expect_person", "expect_personal", "on"]

LIKENESS = 0.6  # by eye: people are recognised, and the style still draws the eyes


class PersonalStyle:
    """A style as it draws one person. It is called as the style itself is.

    Args:
        style: which draws with the person's networks.
    """

    def __init__(self, style: Style) -> None:
        self.style = style

    def __call__(self, latent: Latent, *, strength: Any = 1.0, **controls: Any) -> Tensor:
        """Pictures ``[N, 3, H, W]``; see the style itself. At strength 0 the person without a style."""
        images: Tensor = self.style(latent, strength=strength, **controls)
        return images

    def save(self, path: str | Path) -> None:
        """Refuse: style and person have a file each.

        Raises:
            StyleError: always.
        """
        raise StyleError(f"{path}: a style on a person is not saved as one: save the style, and the person (Tuned.save)")


@runtime_checkable
class Personal(Protocol):
    """A style whose method can keep a person's likeness."""

    def on(self, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
        """This style on the generator that was tuned to a person.

        Args:
            person: tuned on the generator that the style was made with.
            likeness: 0 draws the style as it is, 1 as much of the person as the method can keep.

        Raises:
            StyleError: the person belongs to another generator, or there is no such likeness.
        """
        ...


def on(style: Style, person: Tuned, likeness: float = LIKENESS) -> PersonalStyle:
    """A style of any method on a person; see `Personal.on`.

    Raises:
        StyleError: the method can't keep a likeness; or as `Personal.on`.
    """
    return expect_personal(style).on(person, likeness)


def expect_personal(style: Style) -> Personal:
    """The style, if its method can keep a person's likeness.

    Raises:
        StyleError: it can't.
    """
    if not isinstance(style, Personal):
        raise StyleError(
            f"likeness is for styles of JoJoGAN, BlendGAN and DualStyleGAN, and {type(style).__name__} draws with a generator "
            "of its own: leave the person and the likeness out, or take another style"
        )
    return style


def expect_person(person: Tuned, base: LatentGenerator, likeness: float) -> None:
    """Refuse a person that does not belong to a style's generator, and what is no likeness.

    Raises:
        StyleError: that is so.
    """
    if not isinstance(likeness, int | float) or not 0 <= likeness <= 1:
        raise StyleError(f"likeness is {likeness!r}: expected a number from 0, the style alone, to 1, the person's own face")
    if person.base is not base and fingerprint(person.base) != fingerprint(base):
        raise StyleError("the person was tuned on another generator than the style was made with: use one for both")
