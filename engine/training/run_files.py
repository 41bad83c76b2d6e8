"""What a training keeps in its folder: states to resume from, the log, and sample sheets."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import Tensor

from ..errors import TrainingError
from .records import Records, write_samples
from .saves import STATES, Saves
from .schedule import Schedule
from .task import Moment, Stateful, Task

__all__ = ["NoFiles", "RunFiles"]

SAMPLES = "samples"


class NoFiles:
    """A training without a folder: nothing is kept."""

    def restore(self, rng: torch.Generator) -> tuple[int, int]:
        """Load the newest state, if there is one. Returns images seen and iterations finished."""
        return 0, 0

    def begin(self, seen: int) -> None:
        """Prepare to write, after `seen` images."""

    def end(self) -> None:
        """Let other processes train in the folder."""

    def record(self, losses: Mapping[str, float], moment: Moment, before: int, samples: Callable[[], Tensor]) -> None:
        """Log an iteration before which `before` images were seen, and write a sheet of samples if it is due."""

    def due(self, moment: Moment, before: int) -> bool:
        """Whether to save a state now."""
        return False

    def save(self, rng: torch.Generator, moment: Moment, before: int) -> None:
        """Save a state."""

    def saved(self, moment: Moment) -> bool:
        """Whether nothing is left to save."""
        return True

    def newest(self) -> Path | None:
        """The newest state."""
        return None


class RunFiles(NoFiles):
    """The folder of a training.

    Args:
        folder: gets ``states/``, ``samples/`` and ``log.jsonl``.
        task, scaler: whose states are saved.
        schedule: says how often.
    """

    def __init__(self, folder: Path, task: Task, schedule: Schedule, scaler: Stateful) -> None:
        self.folder, self.schedule = folder, schedule
        self._lock = FileLock(folder / ".lock")
        self.records = Records(folder, schedule.log_images)
        self.saves = Saves(
            folder / STATES,
            {**_parts(task), "scaler": scaler},
            {**task.config, "batch": schedule.batch, "seed": schedule.seed},
            minutes=schedule.save_minutes,
            keep=schedule.keep,
            keep_images=schedule.keep_images,
        )

    def restore(self, rng: torch.Generator) -> tuple[int, int]:
        return self.saves.restore(rng)

    def begin(self, seen: int) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise TrainingError(
                f"another process is training in {self.folder}: wait for it, stop it, or train in another folder"
            ) from error
        except OSError as error:
            raise TrainingError(f"{self.folder} can't be written: {error.strerror}. Train in another folder.") from error
        self.records.rewind(seen)

    def end(self) -> None:
        self._lock.release()

    def record(self, losses: Mapping[str, float], moment: Moment, before: int, samples: Callable[[], Tensor]) -> None:
        seen, every = moment.seen, self.schedule.sample_images
        self.records.add(losses, before=before, seen=seen, iteration=moment.iteration)
        if every is not None and (seen // every > before // every or seen >= self.schedule.images):
            write_samples(samples(), self.folder / SAMPLES / f"{seen:09d}.png")

    def due(self, moment: Moment, before: int) -> bool:
        return self.saves.due(before, moment.seen)

    def save(self, rng: torch.Generator, moment: Moment, before: int) -> None:
        self.records.flush(moment.seen, moment.iteration)
        self.saves.save(rng, seen=moment.seen, iteration=moment.iteration, before=before)

    def saved(self, moment: Moment) -> bool:
        return self.saves.latest == moment.seen

    def newest(self) -> Path | None:
        return next(reversed(self.saves.paths()), None)


def _parts(task: Task) -> dict[str, Stateful]:
    """Everything of a task that is saved."""
    kinds: dict[str, Mapping[str, Stateful]] = {
        "network": task.networks,
        "average": task.averages,
        "optimizer": task.optimizers,
        "state": task.states,
    }
    return {f"{kind} {name}": thing for kind, things in kinds.items() for name, thing in things.items()}
