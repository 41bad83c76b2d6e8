"""Ctrl-C while the command line is still being imported."""

import signal
import subprocess
import sys

import pytest

CODE = """
import importlib.abc, sys
sys.argv = [{name!r}]

class Interrupted(importlib.abc.MetaPathFinder):
    def find_spec(self, module, *_):
        if module == "{module}":
            raise {error}

sys.meta_path.insert(0, Interrupted())
import pastiche.cli
"""


def ended(name, module, error="KeyboardInterrupt"):
    code = CODE.format(name=name, module=module, error=error)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupted process has another status there")
@pytest.mark.parametrize("module", ["torch", "pastiche.cli.app"])
def test_an_interrupt_is_one_line(module):
    done = ended("/usr/bin/pastiche", module)
    assert done.stderr == "interrupted\n"
    assert done.returncode == -signal.SIGINT


def test_other_programs_and_other_errors_keep_their_trace():
    assert "Traceback" in ended("program.py", "torch").stderr
    assert "Traceback" in ended("/usr/bin/pastiche", "torch", "ValueError").stderr
