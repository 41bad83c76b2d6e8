"""Ctrl-C while the command line starts: one word instead of a trace through the import of PyTorch."""

import sys
from pathlib import Path
from types import TracebackType

__all__ = ["hide_trace_of_interrupts"]

COMMAND = "pastiche"


def hide_trace_of_interrupts() -> None:
    """Let an interrupt that nobody catches end with one line, if this is the command line; once it runs, it catches them."""
    if Path(sys.argv[0]).stem != COMMAND:
        return
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.stderr.write("interrupted\n")
        else:
            before(kind, error, trace)

    sys.excepthook = hook
