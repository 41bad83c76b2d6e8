"""The command `pastiche`: outside of the package, so that Ctrl-C ends it quietly while PyTorch is still being imported."""

import sys
from importlib import import_module

__all__ = ["main"]


def main() -> None:
    """Import the command line and run it."""
    try:
        run = import_module("pastiche.cli").main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()
