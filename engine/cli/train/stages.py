"""Progress of a training in several stages."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...progress import Progress
from ...training.board import Board
from ..console import working

__all__ = ["Stages", "stages"]


class Stages:
    """One progress bar for each stage, also logged to TensorBoard if requested."""

    def __init__(self, board: Board | None) -> None:
        self.current = ExitStack()
        self.board = board

    def __call__(self, name: str) -> Progress:
        self.current.close()
        progress = self.current.enter_context(working(name))
        return progress if self.board is None else self.board.wrap(name, progress)


@contextmanager
def stages(log: Path | None) -> Iterator[Stages]:
    """A context in which stages follow each other.

    Args:
        log: folder for TensorBoard; None for none.
    """
    with ExitStack() as whole:
        found = Stages(whole.enter_context(Board(log)) if log else None)
        with found.current:
            yield found
