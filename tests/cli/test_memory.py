"""Freed memory is reused by the command line, and left alone in a program that imports the engine."""

import os
import subprocess
import sys

import pytest

CODE = """
import resource, sys
import torch
from pastiche.cli import main
if {called}:
    sys.argv = ["pastiche", "--version"]
    try:
        main()
    except SystemExit:
        pass
def large():
    torch.ones(2**24)  # 64 MiB
for _ in range(3):
    large()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    large()
print("pages", resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(called, **environment):
    """New pages for four tensors of 64 MiB after some others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    code = CODE.format(called=called)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=clean | environment,
    )
    return int(done.stdout.split()[-1])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the allocator of the GNU C library")
def test_the_command_line_reuses_freed_memory():
    few = 1000  # of 4096 bytes; the system may give larger pages
    assert pages(called=True) < few
    engine_alone = pages(called=False)
    assert pages(called=True, MALLOC_TRIM_THRESHOLD_="131072") >= engine_alone // 2 > few
