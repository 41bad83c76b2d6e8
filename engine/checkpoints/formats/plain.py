"""Plain data: the options of a file that can be shown and saved as JSON."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

__all__ = ["plain"]

DEEPEST = 3
LONGEST = 32
LONGEST_TEXT = 1000


def plain(value: object, depth: int = 0) -> Any:
    """`value` with everything replaced by None except numbers, text, and small dicts and lists of them."""
    if isinstance(value, Mapping) and depth < DEEPEST:
        items = [(key, item) for key, item in list(value.items())[:LONGEST] if isinstance(key, str)]
        return {key[:LONGEST_TEXT]: plain(item, depth + 1) for key, item in items}
    if isinstance(value, list | tuple) and depth < DEEPEST:
        return [plain(item, depth + 1) for item in value[:LONGEST]]
    return value[:LONGEST_TEXT] if isinstance(value, str) else _number(value)


def _number(value: object) -> float | int | bool | None:
    small = isinstance(value, int) and abs(value) < 2**63
    return value if small or (isinstance(value, float) and isfinite(value)) else None  # type: ignore[return-value]
