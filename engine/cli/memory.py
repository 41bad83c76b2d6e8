"""What the C library does with freed memory: set for the command line, not for programs that import the engine."""

import ctypes
import os
import sys
from contextlib import suppress

__all__ = ["reuse_freed_memory"]

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of malloc.h
REUSED = 256 * 2**20  # the largest block that is kept
KEPT = 4 * REUSED  # of free memory at the end of the heap
CHOSEN = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


def reuse_freed_memory() -> None:
    """Let glibc keep freed blocks of up to 256 MiB, and up to 1 GiB at the end of the heap, for the next tensors.

    By default it returns each block above 32 MiB to the system when it is freed, and what is free at the end of the heap. The
    next tensor then gets new pages, which the system clears: up to a third of the time where many faces are drawn at once.
    Does nothing with another C library, or where the environment already chooses.
    """
    if sys.platform != "linux" or any(name in os.environ for name in CHOSEN):
        return
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        if mallopt(MMAP_THRESHOLD, REUSED):  # some versions refuse it; the other one alone would do harm
            mallopt(TRIM_THRESHOLD, KEPT)
