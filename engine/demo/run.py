"""Where a training run keeps its state, and what it computes on."""

from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["Run"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the recipe.

    Attributes:
        folder: for the states of every stage.
        device: to train on.
        precision: of the convolutions and products; weights, losses and optimisers stay in float32.
        held_out: the first so many portraits are never trained on.
    """

    folder: Path
    device: torch.device
    precision: torch.dtype
    held_out: int

    def autocast(self) -> torch.autocast:
        """A context that computes in the run's precision."""
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)
