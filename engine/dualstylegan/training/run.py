"""The folder of a training: it keeps what the training is of, so that a later one can't go on with other settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import TrainingError
from ...files import replacing

__all__ = ["check_run", "settle_run"]

FILE = "run.json"
LONGEST = 60  # characters of a value in a message


def settle_run(folder: Path, facts: Mapping[str, Any]) -> None:
    """Note what a training is of, or check that the folder is of the same training.

    Raises:
        TrainingError: the folder is of another one; says what differs. Or it can't be written.
    """
    path = folder / FILE
    if path.exists():
        check_run(folder, facts)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{folder} can't be made: {error.strerror}. Train in another folder.") from error
    with replacing(path, TrainingError) as beside:
        beside.write_text(json.dumps(facts, indent=1), encoding="utf8")


def check_run(folder: Path, facts: Mapping[str, Any]) -> None:
    """Refuse a folder of another training; one that is of none is fine.

    Raises:
        TrainingError: says what differs.
    """
    path = folder / FILE
    if path.exists():
        wanted = json.loads(json.dumps(facts))  # as it will be read: tuples become lists
        _compare(path, _flat(_read(path)), _flat(wanted))


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"{path} is damaged ({error}): train in another folder") from error


def _compare(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    differ = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    if differ:
        changes = ", ".join(f"{name} {_shown(found.get(name))} -> {_shown(wanted.get(name))}" for name in differ)
        raise TrainingError(
            f"{path.parent} is of another training ({changes}): resume it with the same settings, or train in another folder"
        )


def _flat(facts: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Tables in tables as one, with dots in the names."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return flat


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
