"""``--set name=value`` on the dataclasses of a training."""

import math
from dataclasses import fields, is_dataclass, replace
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ...errors import PasticheError
from ...training.schedule import Schedule

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Config", "override", "override_parts"]

Config = TypeVar("Config", bound="DataclassInstance")
YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def override(config: Config, schedule: Schedule, assignments: list[str] | None) -> tuple[Config, Schedule]:
    """Change settings of a method and of its schedule.

    Args:
        config: a dataclass.
        assignments: each ``name=value``.

    Raises:
        PasticheError: a setting does not exist, or can't have that value.
    """
    ours = get_type_hints(type(config))
    theirs = get_type_hints(Schedule)
    changes: dict[str, dict[str, Any]] = {"config": {}, "schedule": {}}
    for assignment in assignments or []:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise PasticheError(f"--set {assignment}: expected name=value")
        if name in ours:
            changes["config"][name] = _parse(name, text, ours[name])
        elif name in theirs:
            changes["schedule"][name] = _parse(name, text, theirs[name])
        else:
            known = ", ".join(sorted({field.name for part in (config, schedule) for field in fields(part)}))
            raise PasticheError(f"--set {assignment}: there is no setting {name!r}; choose one of {known}")
    return replace(config, **changes["config"]), replace(schedule, **changes["schedule"])


def override_parts(config: Config, assignments: list[str] | None) -> Config:
    """Change settings of a dataclass whose parts are dataclasses: ``part.name=value``, or ``name=value`` of its own.

    Raises:
        PasticheError: a setting does not exist, or can't have that value.
    """
    for assignment in assignments or []:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise PasticheError(f"--set {assignment}: expected name=value")
        first, _, inner = name.partition(".")
        owner = getattr(config, first) if inner and is_dataclass(getattr(config, first, None)) else config
        hints = get_type_hints(type(owner))
        own = inner or first
        if own not in hints or is_dataclass(getattr(owner, own)):
            known = ", ".join(_all_names(config))
            raise PasticheError(f"--set {assignment}: there is no setting {name!r}; choose one of {known}")
        changed = replace(owner, **{own: _parse(name, text, hints[own])})
        config = changed if owner is config else replace(config, **{first: changed})
    return config


def _all_names(config: Any) -> list[str]:
    """The settings of a dataclass and of its parts."""
    names = []
    for field in fields(config):
        part = getattr(config, field.name)
        names += [f"{field.name}.{inner.name}" for inner in fields(part)] if is_dataclass(part) else [field.name]
    return names


def _parse(name: str, text: str, kind: Any) -> Any:
    """A value of the type of a field."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if NoneType in kinds and text.lower() == "none":
        return None
    (kind,) = (each for each in kinds if each is not NoneType)
    try:
        return _parse_one(text, kind)
    except ValueError as error:
        raise PasticheError(f"--set {name}={text}: {error}") from error


def _parse_one(text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in (*YES, *NO):
            raise ValueError("expected true or false")
        return text.lower() in YES
    if kind is int:
        return _number(int, text, "a whole number")
    if kind is float:
        return _number(float, text, "a number")
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(_parse_one(part, inner) for part in text.split(",") if part)
    if kind is str or get_origin(kind) is Literal:
        return text
    raise ValueError("this setting can't be changed here; use Python")


def _number(kind: type, text: str, expected: str) -> Any:
    try:
        number = kind(float(text)) if kind is int and float(text).is_integer() else kind(text)
    except ValueError as error:
        raise ValueError(f"expected {expected}") from error
    if not math.isfinite(number):
        raise ValueError(f"expected {expected} that is finite")
    return number
