"""A number and how far chance may have moved it."""

from dataclasses import dataclass
from math import nan

from torch import Tensor

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A mean and its standard error.

    Attributes:
        mean: of the sample.
        error: standard deviation of the sample, divided by the root of its size; NaN if it is one number.
    """

    mean: float
    error: float

    def __float__(self) -> float:
        return self.mean

    @classmethod
    def of(cls, sample: Tensor) -> "Estimate":
        """The mean of independent numbers ``[N]``."""
        numbers = sample.double()
        error = numbers.std().item() / len(numbers) ** 0.5 if len(numbers) > 1 else nan
        return cls(numbers.mean().item(), error)

    @property
    def clear(self) -> bool:
        """Whether the mean is more than two standard errors away from 0."""
        return abs(self.mean) > 2 * self.error
