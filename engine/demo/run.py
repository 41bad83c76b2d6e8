"""The folder, device and precision of a training run."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from ..numerics import Precision
from ..progress import Progress
from ..training.loop import train
from ..training.schedule import Schedule
from ..training.task import Task

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

    def schedule(self, *, images: int, batch: int, seed: int, average_images: float) -> Schedule:
        """The schedule of one stage."""
        return Schedule(
            images=images,
            batch=batch,
            seed=seed,
            average_images=average_images,
            average_ramp=0.1,
            precision=self.precision_name,
        )

    def train(self, task: Task, schedule: Schedule, name: str, progress: Progress) -> None:
        """Train one stage, or resume it.

        Args:
            name: of the stage, which is that of its folder in the run's.

        Raises:
            TrainingError, Cancelled: as `training.loop.train`.
        """
        train(task, schedule, folder=self.folder / name, device=self.device, progress=progress)

    @property
    def precision_name(self) -> Precision:
        """The precision as schedules take it."""
        return cast(Precision, str(self.precision).removeprefix("torch."))
