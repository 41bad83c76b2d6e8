"""Settings that no training can have are refused where they are made, and not by a division by zero hours later."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from ..errors import TrainingError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["check_settings"]


def check_settings(
    settings: "DataclassInstance",
    *,
    counts: Iterable[str] = (),
    positive: Iterable[str] = (),
    weights: Iterable[str] = (),
    shares: Iterable[str] = (),
) -> None:
    """Refuse a dataclass with a number out of its range, or with a choice that a `Literal` of its own does not have.

    Args:
        counts: fields that must be at least 1.
        positive: finite and above 0.
        weights: finite and at least 0.
        shares: from 0 to 1.

    Raises:
        TrainingError: names the field, its value and what is expected.
    """
    for name, hint in get_type_hints(type(settings)).items():
        if get_origin(hint) is Literal and getattr(settings, name) not in get_args(hint):
            choices = ", ".join(map(str, get_args(hint)))
            raise TrainingError(f"{name} is {getattr(settings, name)!r}: choose one of {choices}")
    _expect(settings, counts, lambda value: value >= 1, "it must be at least 1")
    _expect(settings, positive, lambda value: 0 < value < math.inf, "it must be above 0, and finite")
    _expect(settings, weights, lambda value: 0 <= value < math.inf, "it must be a finite number, and can't be negative")
    _expect(settings, shares, lambda value: 0 <= value <= 1, "expected a share from 0 to 1")


def _expect(settings: Any, names: Iterable[str], holds: Callable[[float], bool], expected: str) -> None:
    for name in names:
        if not holds(getattr(settings, name)):
            raise TrainingError(f"{name} is {getattr(settings, name)}: {expected}")
