"""Checkpoints: read every published format without running code from the file, and write our own.

To add a format, pass `register` a `Format` with its predicate and its reader. To store a new module in our own files, add a
`Kind` with its module and its config to `KINDS`.
"""

from .checkpoint import Checkpoint
from .facts import Facts
from .formats import PUBLISHED
from .load import NO_BASE, inspect, load
from .modules import KINDS, Kind
from .registry import Format, register
from .save import save

__all__ = ["KINDS", "NO_BASE", "Checkpoint", "Facts", "Format", "Kind", "inspect", "load", "register", "save"]

for _published in PUBLISHED:
    register(_published)
