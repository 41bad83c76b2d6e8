"""Widgets and sockets as ComfyUI declares them: each with a tooltip that says what it does to the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["SEED", "Inputs", "Table", "choice", "integer", "number", "socket", "switch", "text"]

Inputs = tuple[Any, dict[str, Any]]
Table = dict[str, dict[str, Any]]

MAX_SEED = 2**63 - 1  # as on the command line; a node can't take it from there without importing PyTorch


def number(default: float, low: float, high: float, tooltip: str, *, step: float = 0.05) -> Inputs:
    """A fraction or an amount."""
    return "FLOAT", {"default": default, "min": low, "max": high, "step": step, "round": False, "tooltip": tooltip}


def integer(default: int, low: int, high: int, tooltip: str, *, step: int = 1) -> Inputs:
    """A count."""
    return "INT", {"default": default, "min": low, "max": high, "step": step, "tooltip": tooltip}


def choice(options: Sequence[str], tooltip: str, default: str | None = None) -> Inputs:
    """One of several words; the first one if none is said to be the default."""
    return list(options), {"tooltip": tooltip, **({} if default is None else {"default": default})}


def switch(default: bool, tooltip: str) -> Inputs:
    """Yes or no."""
    return "BOOLEAN", {"default": default, "tooltip": tooltip}


def text(default: str, tooltip: str) -> Inputs:
    """A line of text."""
    return "STRING", {"default": default, "tooltip": tooltip}


def socket(kind: str, tooltip: str) -> Inputs:
    """What only another node can give."""
    return kind, {"tooltip": tooltip}


def seed(tooltip: str) -> Inputs:
    """The source of chance."""
    return "INT", {"default": 0, "min": 0, "max": MAX_SEED, "step": 1, "control_after_generate": True, "tooltip": tooltip}


SEED = seed("0 to 9223372036854775807. The same seed gives the same picture.")
