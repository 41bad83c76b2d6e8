"""Progress reports of long-running functions, and their cancellation."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .errors import TrainingError

__all__ = ["Progress", "Step", "in_turn", "measured", "silent"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished step of a long-running function.

    Attributes:
        index: number of finished steps.
        total: total number of steps.
        losses: the current losses by name.
        preview: computes preview images ``[N, 3, H, W]`` in [-1, 1] when called.
    """

    index: int
    total: int
    losses: dict[str, float] = field(default_factory=dict)
    preview: Callable[[], Tensor] | None = None


Progress = Callable[[Step], None]
"""Called after each step. To stop the work, raise `pastiche.Cancelled`: nothing half-written is left behind."""


def silent(_step: Step) -> None:
    """Ignore the progress."""


def in_turn(first: Progress, second: Progress) -> Progress:
    """Report to both, one after the other."""

    def both(step: Step) -> None:
        first(step)
        second(step)

    return both


def measured(losses: dict[str, Tensor], index: int) -> dict[str, float]:
    """Convert losses to numbers.

    Raises:
        TrainingError: one of them is NaN or infinite after `index` steps.
    """
    numbers = torch.stack([value.detach().float() for value in losses.values()]).tolist()  # from the device at once
    values = dict(zip(losses, numbers, strict=True))
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingError(f"the {name} loss became {value} after {index} steps: lower the learning rate")
    return values
