"""The command line: `pastiche ...`."""

from .app import main

__all__ = ["main"]
