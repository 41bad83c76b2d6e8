"""The folder, device and precision of a training run."""

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
        precision: of the convolutions and products; weights, losses and optimizer stay in float32.
        held_out: number of portraits, from the first on, that are never used for training.
    """

    folder: Path
    device: torch.device
    precision: torch.dtype
    held_out: int

    def autocast(self) -> torch.autocast:
        """A context that computes in the run's precision."""
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)
