"""How long, how large and how exact: the settings that every training has."""

from dataclasses import dataclass

import torch

from ..errors import TrainingError
from ..numerics import Precision, choose_dtype, current_dtype

__all__ = ["Schedule"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Settings of `train`.

    Attributes:
        images: images to see in all.
        batch: images of one iteration, over all processes.
        accumulate: parts that a process computes its share of the batch in. More parts need less memory and give the same
            gradients up to rounding.
        precision: of the convolutions; "auto" is what the device is fast in, and None what a surrounding
            `numerics.precision` has chosen.
        seed: of everything random.
        average_images: half-life of the moving averages, in images.
        average_ramp: the half-life is at most this times the images seen, so that the first steps are forgotten; None for
            a constant half-life (a training that starts from a trained model).
        save_minutes: interval between two saved states.
        keep: how many of the newest saved states are kept.
        keep_images: a state is saved and kept for good each time this many images have been seen; None for none.
        sample_images: images between two sample sheets; None for none.
        log_images: images between two lines of the log, which holds the means of the losses in between.
    """

    images: int
    batch: int = 16
    accumulate: int = 1
    precision: Precision | None = "auto"
    seed: int = 0
    average_images: float = 10_000.0
    average_ramp: float | None = 0.05
    save_minutes: float = 5.0
    keep: int = 2
    keep_images: int | None = None
    sample_images: int | None = 10_000
    log_images: int = 1_000

    def __post_init__(self) -> None:
        for name in ("images", "batch", "accumulate", "keep", "keep_images", "sample_images", "log_images"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TrainingError(f"{name} is {value}: it must be at least 1")
        if not 0 <= self.seed < 2**63:
            raise TrainingError(f"seed is {self.seed}: it is from 0 to 2^63 - 1")
        if self.average_images <= 0 or (self.average_ramp is not None and self.average_ramp <= 0) or self.save_minutes < 0:
            raise TrainingError("average_images and average_ramp must be above 0, and save_minutes not below it")

    def share(self, world: int) -> int:
        """Images of one part of the batch, on one of `world` processes.

        Raises:
            TrainingError: the batch can't be split so.
        """
        parts = world * self.accumulate
        if self.batch % parts:
            raise TrainingError(
                f"a batch of {self.batch} images can't be split into {parts} equal parts ({world} processes, accumulate "
                f"{self.accumulate}): choose a batch that is a multiple of {parts}"
            )
        return self.batch // parts

    def dtype(self, device: torch.device) -> torch.dtype:
        """The precision of the convolutions on a device.

        Raises:
            PasticheError: the device does not support it.
        """
        return current_dtype(device) if self.precision is None else choose_dtype(self.precision, device)

    def average_decay(self, seen: int) -> float:
        """Decay of the moving averages in the iteration after which `seen` images have been seen."""
        ramp = float("inf") if self.average_ramp is None else self.average_ramp * seen
        return float(0.5 ** (self.batch / max(1e-8, min(self.average_images, ramp))))

    def check_groups(self, group_size: int, world: int = 1) -> None:
        """Refuse a batch whose parts can't be split into the groups of the minibatch standard deviation.

        Args:
            group_size: of a discriminator.
            world: the number of processes.

        Raises:
            TrainingError: says which batch would do.
        """
        count = self.share(world)
        if count > group_size and count % group_size:
            parts = self.batch // count
            raise TrainingError(
                f"a batch of {self.batch} images in {parts} parts gives parts of {count}, which can't be split into groups of "
                f"{group_size}: choose a batch that is a multiple of {group_size * parts}"
            )
