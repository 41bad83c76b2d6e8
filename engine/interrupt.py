"""Ctrl-C while the command line starts: one word instead of a trace through the import of PyTorch."""

import sys
from pathlib import Path
from types import TracebackType

__all__ = ["hide_trace_of_interrupts"]

COMMAND = "pastiche"


def hide_trace_of_interrupts() -> None:
    """Let an interrupt that nobody catches end with one line, if this is the command line; once it runs, it catches them."""
    if not _is_command_line():
        return
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.stderr.write("interrupted\n")
        else:
            before(kind, error, trace)

    sys.excepthook = hook


def _is_command_line() -> bool:
    """Whether Python runs `pastiche` or `python -m pastiche`. For the latter `sys.argv` has -m in place of the module, as long
    as the package is imported, and the whole line is in `sys.orig_argv`."""
    if sys.argv[0] != "-m":
        return Path(sys.argv[0]).stem == COMMAND
    return sys.orig_argv[-len(sys.argv)].removeprefix("-m") == COMMAND
