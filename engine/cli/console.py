"""Output of the command line: progress on stderr, results and JSON on stdout."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ..progress import Progress, Step

__all__ = ["emit", "err", "out", "say", "set_verbosity", "working"]

out = Console()
err = Console(stderr=True)


def say(text: str) -> None:
    """Print plain text: brackets are not markup, and long paths are not wrapped."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def emit(facts: dict[str, Any]) -> None:
    """Print facts as JSON, for programs."""
    sys.stdout.write(json.dumps(facts, indent=2, sort_keys=True, default=str) + "\n")


def set_verbosity(verbose: bool) -> None:
    """Show the engine's log: warnings only, or all messages."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=err, show_time=False, show_path=False)],
        force=True,
    )


@contextmanager
def working(what: str) -> Iterator[Progress]:
    """Show a progress bar on stderr. Yields the progress callback."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bar(*columns, TextColumn("{task.fields[losses]}"), console=err, transient=True) as bar:
        task = bar.add_task(what, total=None, losses="")

        def advance(step: Step) -> None:
            losses = "  ".join(f"{name} {value:.4f}" for name, value in step.losses.items())
            bar.update(task, completed=step.index, total=step.total, losses=losses)

        start = time.monotonic()
        yield advance
    err.print(f"[dim]{what}: {time.monotonic() - start:.1f} s[/dim]")
