"""The check of PyTorch's version when Pastiche is imported."""

import subprocess
import sys

import pytest

IMPORT = """
import sys, types
{before}
try:
    import pastiche
except ImportError as error:
    print(error)
"""


def said(before: str) -> str:
    """What importing Pastiche says after some preparation."""
    return subprocess.run(
        [sys.executable, "-c", IMPORT.format(before=before)], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("version", ["2.6.0+cu124", "1.13.1", "2.6.0a0+git"])
def test_an_old_torch_is_named(version):
    message = said(f"sys.modules['torch'] = types.SimpleNamespace(__version__={version!r})")
    assert f"Pastiche needs PyTorch 2.7 or newer, and {version} is installed: update it" in message


def test_a_missing_torch_is_said():
    message = said(
        "import importlib.abc\n"
        "class Gone(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError('No module named torch', name=name)\n"
        "sys.meta_path.insert(0, Gone())"
    )
    assert "Pastiche needs PyTorch 2.7 or newer, and none is installed" in message


def test_the_torch_of_these_tests_is_new_enough():
    assert said("") == ""
