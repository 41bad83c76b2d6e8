"""What to lower if memory is exhausted."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..errors import Advice, TrainingError
from .processes import Processes
from .schedule import Schedule

__all__ = ["memory_advice"]

EXHAUSTED = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def memory_advice(schedule: Schedule, processes: Processes, relief: Advice | None = None) -> Iterator[None]:
    """A context in which exhausted memory is a TrainingError that says what to lower: `relief`, or else the batch."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not _is_exhausted(error):
            raise
        raise TrainingError(
            f"{processes.device} ran out of memory at a batch of {schedule.batch} images in {schedule.accumulate} parts; "
            "states that were saved can be resumed",
            relief or _advice(schedule, processes.world),
        ) from error


def _advice(schedule: Schedule, world: int) -> Advice:
    more, node = 2 * schedule.accumulate, "lower the resolution or the size of the batch"
    if schedule.batch % (world * more):
        return Advice(python="lower batch or resolution", command="add --set batch=N, or lower the resolution", node=node)
    least = f"parts of {schedule.batch // (world * more)} images, with the same result"
    return Advice(
        python=f"set accumulate to {more} ({least}), or lower batch or resolution",
        command=f"add --set accumulate={more} ({least}), or lower batch or resolution in the same way",
        node=node,
    )


def _is_exhausted(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in text for sign in EXHAUSTED)
