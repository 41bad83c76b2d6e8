"""Checkpoints: reading every published format without running anything, and writing our own.

A new format: a `Format` with its predicate and its reader, passed to `register`. A new module that our own
files shall hold: a `Kind` with its module and its config, under a name in `KINDS`.
"""

from .checkpoint import Checkpoint
from .facts import Facts
from .formats import PUBLISHED
from .load import inspect, load
from .modules import KINDS, Kind
from .registry import Format, register
from .save import save

__all__ = ["KINDS", "Checkpoint", "Facts", "Format", "Kind", "inspect", "load", "register", "save"]

for _published in PUBLISHED:
    register(_published)
