"""Where a training run keeps its state, and what it computes on."""

from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["Run"]


@dataclass(frozen=True)
class Run:
    """One run of the recipe.

    Attributes:
        folder: for the states of every stage.
        device: to train on.
        held_out: the last so many portraits are never trained on.
    """

    folder: Path
    device: torch.device
    held_out: int
