"""Modules by path: of scripts, and of helpers that pytest's import mode keeps out of reach of an import statement."""

import importlib.util
import sys


def module_at(path):
    """The module in a file; loaded anew by each call."""
    spec = importlib.util.spec_from_file_location(f"pastiche_tests_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module
