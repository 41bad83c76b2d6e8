"""How long work tells where it stands, and how it is stopped."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from .errors import TrainingError

__all__ = ["Progress", "Step", "measured", "silent"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished step of something long.

    Attributes:
        index: steps done so far.
        total: steps in all.
        losses: what is being minimised, by name.
        preview: gives pictures ``[N, 3, H, W]`` in [-1, 1] of how things stand; computed only when called.
    """

    index: int
    total: int
    losses: dict[str, float] = field(default_factory=dict)
    preview: Callable[[], Tensor] | None = None


Progress = Callable[[Step], None]
"""Called after each step. To stop the work, raise `pastiche.Cancelled`: nothing half-written is left behind."""


def silent(_step: Step) -> None:
    """Progress that nobody watches."""


def measured(losses: dict[str, Tensor], index: int) -> dict[str, float]:
    """Losses as numbers.

    Raises:
        TrainingError: one of them is NaN or infinite after `index` steps.
    """
    values = {name: float(value.detach()) for name, value in losses.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingError(f"the {name} loss became {value} after {index} steps: lower the learning rate")
    return values
