"""Python scripts as the processes of one training on this machine, as `accelerate launch` starts them."""

import os
import socket
import subprocess
import sys


def start_together(script, *given, count=2):
    """Start a script in several processes that find each other; see `finish`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count), "ACCELERATE_USE_CPU": "true"}
    return [
        subprocess.Popen(
            [sys.executable, str(script), *map(str, given)],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]


def finish(started):
    """Wait for all of them; a failure shows what they printed."""
    for process in started:
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output[-3000:]
