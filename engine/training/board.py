"""TensorBoard logs of losses and previews."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from ..errors import TrainingError
from ..progress import Progress, Step

__all__ = ["Board"]


class Board:
    """Event files for TensorBoard; ``tensorboard --logdir FOLDER`` shows them, also during the run.

    A resumed run continues the same curves. Use it as a context manager, so that buffers are flushed.

    Args:
        folder: for the event files.
        minutes: interval between two previews of a stage.

    Raises:
        TrainingError: TensorBoard is not installed, or the folder can't be written.
    """

    def __init__(self, folder: Path, minutes: float = 1.0) -> None:
        self.seconds = 60 * minutes
        self._writer = _writer(folder)

    def wrap(self, stage: str, progress: Progress) -> Progress:
        """Wrap `progress`, and log every loss and the previews of the stage."""
        name = stage.replace(" ", "-")
        shown = -float("inf")

        def record(step: Step) -> None:
            nonlocal shown
            for loss, value in step.losses.items():
                self._writer.add_scalar(f"{name}/{loss}", value, step.index)
            if step.preview is not None and time.monotonic() - shown >= self.seconds:
                with torch.no_grad():
                    pictures = (step.preview().float().cpu().clamp(-1, 1) + 1) / 2
                self._writer.add_images(name, pictures, step.index)
                shown = time.monotonic()
            progress(step)

        return record

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._writer.close()


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 (an extra, and large)
    except ImportError as error:
        raise TrainingError(
            'a log of the training needs TensorBoard, which is not installed: pip install "pastiche[training]", or leave out '
            "the log"
        ) from error
    try:
        return SummaryWriter(str(folder))
    except OSError as error:
        raise TrainingError(f"{folder} can't be written: {error.strerror}. Name another folder for the log.") from error
