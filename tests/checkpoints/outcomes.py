"""Loads and inspects every file of a folder, one after the other, and reports what came of it.

Run in a process of its own, whose memory is measured and bounded:

    python outcomes.py FOLDER

Prints two lines of JSON for each file.
"""

import ctypes
import gc
import json
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from pastiche import checkpoints
from pastiche.errors import PasticheError

SECONDS = 60  # of the clock for one file, on a slow and busy machine
ROOM = 3 * 2**30  # beyond what the process has when it begins; an allocation of more fails, and is reported


def outcome_of(path, use):
    """What came of a file: "fine", or the kind of error and its message; the CPU time, and memory."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the file before left free would hide what this one takes
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
    before, begin = memory("VmRSS"), time.process_time()
    signal.alarm(SECONDS)
    try:
        use(path)
        outcome = {"outcome": "fine"}
    except PasticheError as error:
        outcome = {"outcome": "refused", "error": type(error).__name__, "message": str(error)}
    except BaseException:
        outcome = {"outcome": "broken", "message": traceback.format_exc()}
    signal.alarm(0)
    seconds, growth = time.process_time() - begin, memory("VmHWM") - before
    return {**outcome, "name": path.name, "size": path.stat().st_size, "seconds": seconds, "growth": growth}


def memory(kind):
    """A number of the process's memory, in bytes: VmRSS now, VmHWM at its peak, VmSize with what was never touched."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


def main():
    def late(*_args):
        raise TimeoutError(f"more than {SECONDS} seconds")

    signal.signal(signal.SIGALRM, late)
    torch.set_num_threads(1)
    paths = sorted(Path(sys.argv[1]).iterdir())
    checkpoints.load(paths[0])  # the first one is good: it takes along what is only imported when needed
    room = memory("VmSize") + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    for path in paths:
        for use in (checkpoints.inspect, checkpoints.load):
            print(json.dumps(outcome_of(path, use)))  # noqa: T201


if __name__ == "__main__":
    main()
