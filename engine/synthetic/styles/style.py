"""What every painted style is: random parameters, a way to see a face, a way to paint it."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Generator, Tensor

from ..parameters import Parameters
from .sitter import Sitter

__all__ = ["Style"]


class Style(ABC):
    """One kind of painting; an instance is one hand, whose habits are its fields.

    Attributes:
        finer: how many times finer than the picture this style works, so that hard edges can be averaged.
    """

    finer: ClassVar[int] = 2

    @classmethod
    @abstractmethod
    def draw(cls, rng: Generator) -> "Style":
        """A hand with habits of its own."""

    def reshape(self, q: Parameters) -> Parameters:
        """The portraits with the proportions that this style gives them."""
        return q

    @abstractmethod
    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        """Paint one portrait, ``[1, 3, S, S]`` sRGB in [0, 1]; `rng` is for what differs from sheet to sheet."""
