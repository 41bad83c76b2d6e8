"""Ctrl-C while the command line is still being imported."""

import signal
import subprocess
import sys

import pytest

CODE = """
import importlib.abc, sys
sys.argv, sys.orig_argv = {argv!r}, {line!r}

class Interrupted(importlib.abc.MetaPathFinder):
    def find_spec(self, module, *_):
        if module == "{module}":
            raise {error}

sys.meta_path.insert(0, Interrupted())
import pastiche.cli
"""


def ended(name, module, error="KeyboardInterrupt", line=None):
    """How Python ends where `name` is its script, or -m and the arguments of the whole `line`."""
    argv = [name] if line is None else ["-m", *line[line.index("--help") :]]
    code = CODE.format(argv=argv, line=line or ["python", name], module=module, error=error)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupted process has another status there")
@pytest.mark.parametrize("module", ["torch", "pastiche.cli.app"])
def test_an_interrupt_is_one_line(module):
    done = ended("/usr/bin/pastiche", module)
    assert done.stderr == "interrupted\n"
    assert done.returncode == -signal.SIGINT


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupted process has another status there")
@pytest.mark.parametrize("start", [["-m", "pastiche"], ["-mpastiche"], ["-um", "pastiche"]])
def test_an_interrupt_of_the_module_is_one_line(start):
    assert ended("-m", "torch", line=["python", *start, "--help"]).stderr == "interrupted\n"
    assert "Traceback" in ended("-m", "torch", line=["python", "-m", "pytest", "--help", "pastiche"]).stderr


def test_other_programs_and_other_errors_keep_their_trace():
    assert "Traceback" in ended("program.py", "torch").stderr
    assert "Traceback" in ended("/usr/bin/pastiche", "torch", "ValueError").stderr
