"""Which picture has which attribute: from a table, from folders, or all alike."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from ...errors import Advice, TrainingError

__all__ = ["ALL", "FOLDERS", "from_folders", "from_table", "grouped", "read_table", "unlabelled"]

ALL = "all"  # the name of the only path where there are no attributes
FOLDERS = "folders"
LEAST = 4  # pictures of an attribute, for the minibatch deviation to mean anything
SHOWN = 4  # names in a message
SUFFIXES = 2  # a picture that was aligned has one more

ONE_PATH = Advice(
    python="add pictures, or train one path for all",
    command="add pictures, or train one path for all: --attributes none",
    node="add pictures, or give all of them as one attribute",
)

Groups = dict[str, list[int]]


def unlabelled(names: Sequence[str]) -> Groups:
    """One path for all pictures."""
    return {ALL: list(range(len(names)))}


def from_folders(names: Sequence[str]) -> Groups:
    """The name of a picture's outermost folder is its attribute.

    Args:
        names: of the pictures, with forward slashes, relative to the training set.

    Returns:
        numbers of pictures by attribute, in alphabetical order.

    Raises:
        TrainingError: a picture lies in no folder, or an attribute has too few pictures.
    """
    homeless = [name for name in names if len(PurePosixPath(name).parts) == 1]
    if homeless:
        raise TrainingError(
            f"attributes were to be read from folders, and {_listed(homeless)} lie in none: put every picture into a folder "
            "with the name of its attribute, or give a table"
        )
    return grouped({number: PurePosixPath(name).parts[0] for number, name in enumerate(names)})


def from_table(path: Path, names: Sequence[str]) -> Groups:
    """The attributes that a CSV file gives; see `read_table`.

    Raises:
        TrainingError: as `read_table`; or a picture has none, or an attribute has too few pictures.
    """
    known = read_table(path, names)
    missing = [name for number, name in enumerate(names) if number not in known]
    if missing:
        raise TrainingError(f"{path} has no attribute for {_listed(missing)}: label every picture, or take it out")
    return grouped(known)


def read_table(path: Path, names: Sequence[str]) -> dict[int, str]:
    """The attribute of each picture that a CSV file names, by the picture's number.

    The first line holds the titles of the columns: the pictures' is "file", "name" or "picture", and that of their attribute
    "attribute" or "label"; without such titles, they are the first two columns. A picture is named by its path in the training
    set, or by as much of its end as is unique, with or without the suffix.

    Raises:
        TrainingError: the file can't be read, or names a picture that is not there, or two at once.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{path} can't be read as a table of attributes: {error}") from error
    columns, rows = _columns(rows)
    if not rows or any(len(row) <= max(columns) for row in rows):
        raise TrainingError(f"{path} is no table of attributes: expected two columns, file and attribute, separated by a comma")
    ends = _ends(names)
    pairs = [(row[columns[0]].strip(), row[columns[1]].strip()) for row in rows]
    return {_number(file, ends, path): attribute for file, attribute in pairs if attribute}


def _columns(rows: list[list[str]]) -> tuple[tuple[int, int], list[list[str]]]:
    """Where file and attribute stand, and the rows below the titles."""
    titles = [cell.strip().lower() for cell in rows[0]] if rows else []
    found = [next((titles.index(title) for title in wanted if title in titles), None) for wanted in TITLES]
    if None in found:
        return (0, 1), rows
    return (found[0] or 0, found[1] or 0), rows[1:]


TITLES = (("file", "name", "picture", "image", "filename"), ("attribute", "label"))


def _ends(names: Sequence[str]) -> dict[str, list[int]]:
    """The pictures by every end of their names."""
    found: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        parts = PurePosixPath(name).parts
        ends = {"/".join(parts[start:]) for start in range(len(parts))}
        for _ in range(SUFFIXES):
            ends |= {PurePosixPath(end).with_suffix("").as_posix() for end in ends}
        for end in ends:
            found.setdefault(end, []).append(number)
    return found


def _number(file: str, ends: Mapping[str, list[int]], path: Path) -> int:
    numbers = ends.get(PurePosixPath(file.replace("\\", "/")).as_posix(), [])
    if len(numbers) != 1:
        problem = "is not among the pictures" if not numbers else f"fits {len(numbers)} pictures; give more of its path"
        raise TrainingError(f"{path} names {file[:80]!r}, which {problem}")
    return numbers[0]


def grouped(attributes: Mapping[int, str]) -> Groups:
    """Numbers of pictures by attribute, in alphabetical order.

    Raises:
        TrainingError: an attribute has too few pictures.
    """
    found: Groups = {name: [] for name in sorted(set(attributes.values()))}
    for number in sorted(attributes):
        found[attributes[number]].append(number)
    few = {name: len(numbers) for name, numbers in found.items() if len(numbers) < LEAST}
    if few:
        raise TrainingError(
            "; ".join(f"the attribute {name!r} has {count} pictures" for name, count in few.items())
            + f", and each needs at least {LEAST} (about 50 are good)",
            ONE_PATH,
        )
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
