"""Declarations of widgets and sockets in ComfyUI's format. Each has a tooltip that describes its effect on the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["SEED", "Inputs", "Table", "choice", "integer", "number", "socket", "switch", "text"]

Inputs = tuple[Any, dict[str, Any]]
Table = dict[str, dict[str, Any]]

MAX_SEED = 2**63 - 1  # as on the command line; a node can't take it from there without importing PyTorch


def number(default: float, low: float, high: float, tooltip: str, *, step: float = 0.05) -> Inputs:
    """A widget for a floating-point number."""
    return "FLOAT", {"default": default, "min": low, "max": high, "step": step, "round": False, "tooltip": tooltip}


def integer(default: int, low: int, high: int, tooltip: str, *, step: int = 1) -> Inputs:
    """A widget for an integer."""
    return "INT", {"default": default, "min": low, "max": high, "step": step, "tooltip": tooltip}


def choice(options: Sequence[str], tooltip: str, default: str | None = None) -> Inputs:
    """A combo box. The first option is the default if none is given."""
    return list(options), {"tooltip": tooltip, **({} if default is None else {"default": default})}


def switch(default: bool, tooltip: str) -> Inputs:
    """A toggle."""
    return "BOOLEAN", {"default": default, "tooltip": tooltip}


def text(default: str, tooltip: str) -> Inputs:
    """A text field of one line."""
    return "STRING", {"default": default, "tooltip": tooltip}


def socket(kind: str, tooltip: str) -> Inputs:
    """An input that only another node can provide."""
    return kind, {"tooltip": tooltip}


def seed(tooltip: str) -> Inputs:
    """A seed for the random generator."""
    return "INT", {"default": 0, "min": 0, "max": MAX_SEED, "step": 1, "control_after_generate": True, "tooltip": tooltip}


SEED = seed("0 to 9223372036854775807. The same seed gives the same image.")
