"""The base class of painted styles: random parameters, a reshaping of faces, and a way to paint."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Generator, Tensor

from ..parameters import Parameters
from .sitter import Sitter

__all__ = ["Style"]


class Style(ABC):
    """One kind of painting; the fields of an instance are the parameters of its manner.

    Attributes:
        finer: supersampling factor at which this style works, so that hard edges are antialiased.
    """

    finer: ClassVar[int] = 2

    @classmethod
    @abstractmethod
    def draw(cls, rng: Generator) -> "Style":
        """A random instance of the style."""

    def reshape(self, q: Parameters) -> Parameters:
        """The portraits with the proportions of this style."""
        return q

    @abstractmethod
    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        """Paint one portrait, ``[1, 3, S, S]`` sRGB in [0, 1]; `rng` varies details between portraits."""
