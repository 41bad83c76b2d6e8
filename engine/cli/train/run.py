"""What every `pastiche train` does around its training: pictures, estimate, dry run, progress, the file at the end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ...checkpoints import Checkpoint, save
from ...devices import find_device
from ...faces import LandmarkerName
from ...progress import Progress, in_turn, silent
from ...training.board import Board
from ...training.data import PictureDataset
from ...training.loop import train
from ...training.prepare import CUT_BY_HAND, NO_FACE, prepare_pictures
from ...training.processes import Processes, join
from ...training.rehearsal import rehearse
from ...training.saves import seen_before
from ...training.schedule import Schedule
from ...training.task import Task
from ..console import err, say, working
from ..targets import TENSORS, check_target
from .settings import Config, override

__all__ = ["Run"]

SHOWN = 20  # bad pictures that are listed
LOSSES = 4  # losses beside the progress bar


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training from the command line.

    Attributes:
        out_path: the file that it writes.
        folder: for states, logs and samples.
        device: as `find_device` takes it.
        dry: only check, and make one step.
        tensorboard: also log to TensorBoard.
    """

    out_path: Path
    folder: Path
    device: str
    dry: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        find_device(self.device)
        check_target(self.out_path, TENSORS)  # now, and not after days of training

    def override(self, config: Config, schedule: Schedule, assignments: list[str] | None) -> tuple[Config, Schedule]:
        """`settings.override`, which also refuses a precision that the device does not support, before anything is written."""
        config, schedule = override(config, schedule, assignments)
        schedule.dtype(find_device(self.device))
        return config, schedule

    def pictures(self, path: Path, resolution: int, *, aligned: bool, landmarks: LandmarkerName = "auto") -> PictureDataset:
        """Open, align and check pictures, and list those that can't be used."""
        processes = self._processes()
        with processes.main_first(), self._bar("checking" if aligned else "aligning", processes) as progress:
            prepared = prepare_pictures(
                path, resolution, folder=self.folder, aligned=aligned, landmarks=landmarks, progress=progress
            )
        self.say(f"{len(prepared.pictures)} pictures of {resolution} pixels, {len(prepared.bad)} left out")
        for bad in prepared.bad[:SHOWN]:
            self.say(f"  left out: {bad}")
        if len(prepared.bad) > SHOWN:
            self.say(f"  and {len(prepared.bad) - SHOWN} more")
        if any(bad.problem == NO_FACE for bad in prepared.bad):
            self.say(f"to use pictures in which no face was found, {CUT_BY_HAND.command}")
        return prepared.pictures

    @property
    def main(self) -> bool:
        """Whether this process writes files and reports; the only one, if it was started alone."""
        return self._processes().main

    def say(self, text: str) -> None:
        """Print a line, once for all processes."""
        if self.main:
            say(text)

    def train(
        self,
        task: Task,
        schedule: Schedule,
        finish: Callable[[], Checkpoint],
        dtype: torch.dtype = torch.float32,
        *,
        base: Checkpoint | None = None,
        base_name: str = "",
        record: Progress = silent,
    ) -> bool:
        """Print what the training will need, run it, and write its checkpoint.

        Args:
            finish: makes the checkpoint at the end.
            dtype: of the weights in the file.
            base, base_name: to store the checkpoint as its difference from; see `save`.
            record: called after each iteration, by the main process.

        Returns:
            whether a file was written; a dry run writes none.
        """
        processes = self._processes()
        left = max(0, schedule.images - seen_before(self.folder))
        if left or self.dry:
            with self._bar("one step, to estimate time and memory", processes):
                remaining = rehearse(task, schedule, device=self.device).of(left / schedule.images)
            self.say(
                f"{left} of {schedule.images} images on {processes.device}: {remaining}; states and samples in {self.folder}"
            )
        else:
            self.say(f"all {schedule.images} images were seen before; states and samples in {self.folder}")
        if self.dry:
            return False
        with ExitStack() as stack:
            progress = stack.enter_context(self._bar("training", processes))
            board = stack.enter_context(Board(self.folder)) if self.tensorboard and processes.main else None
            both = in_turn(record, progress)
            train(task, schedule, folder=self.folder, device=self.device, progress=both, log=board)
        if processes.main:
            save(finish(), self.out_path, dtype=dtype, base=base, base_name=base_name)
            say(f"{self.out_path} ({self.out_path.stat().st_size / 2**20:.1f} MB)")
        return processes.main

    def _processes(self) -> Processes:
        return join(self.device)

    @contextmanager
    def _bar(self, what: str, processes: Processes) -> Iterator[Progress]:
        if not processes.main:
            yield silent
            return
        try:
            with working(what) as progress:
                yield lambda step: progress(replace(step, losses=_shown(step.losses)))
        except KeyboardInterrupt:
            err.print(f"[dim]{what} was interrupted[/dim]")
            raise


def _shown(losses: dict[str, float]) -> dict[str, float]:
    """The losses for a line of a terminal; the log has all of them."""
    names = [name for name in losses if not name.endswith("/gradient")]
    return {name: losses[name] for name in names[:LOSSES]}
