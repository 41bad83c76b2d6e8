"""e4e's progressive training (Tov et al. 2021, section 5.1): first one w for all rows, then one more row at a time."""

from dataclasses import dataclass

__all__ = ["Stages"]


@dataclass(frozen=True, kw_only=True)
class Stages:
    """When rows get differences of their own.

    Attributes:
        start: the iteration at which row 1 does; before it, all rows are row 0.
        every: iterations between two rows.
        last: the last stage, L - 1.
    """

    start: int
    every: int
    last: int

    def at(self, iteration: int) -> int:
        """The stage of an iteration: the last row that has a difference."""
        if iteration < self.start:
            return 0
        return min(1 + (iteration - self.start) // self.every, self.last)
