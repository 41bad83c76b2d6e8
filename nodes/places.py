"""Which files there are to choose from, and where new ones go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import comfy

if TYPE_CHECKING:
    from ..engine.catalog import Entry

__all__ = ["DEMO", "NOTHING", "checkpoints", "find_checkpoint", "find_file", "listed", "missing", "new_file", "state"]

DEMO = "demo (comes with Pastiche)"
CATALOG = "catalog: "
CHECKPOINTS = ("pastiche", "stylegan")
NOTHING = "nothing saved yet"  # what a list shows that would be empty
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')


# --- checkpoints -----------------------------------------------------------------------------------


def checkpoints() -> list[str]:
    """The demo bundle, every file of the model folders, and the catalog."""
    files = [f"{name}/{file}" for name in CHECKPOINTS for file in listed(name, comfy.MODELS - {".npy"})]
    return [DEMO, *files, *_catalog()]


def _catalog() -> list[str]:
    from ..engine.catalog import entries

    return [f"{CATALOG}{item.name}" for item in entries().values() if item.is_checkpoint]


def model_folders() -> list[Path]:
    """Where checkpoints are looked for."""
    return [place for name in CHECKPOINTS for place in comfy.folders_of(name)]


def catalog_entry(choice: str) -> Entry | None:
    """The catalog's entry that a choice means; None for files.

    Raises:
        PasticheError: the catalog has no such name.
    """
    from ..engine.catalog import entry

    if not choice.startswith(CATALOG):
        return None
    return entry(choice.removeprefix(CATALOG))


def find_checkpoint(choice: str) -> Path | None:
    """The file that a choice means; None if it is not there."""
    if choice == DEMO:
        from ..engine.resources import demo_file

        return demo_file("faces.safetensors")
    item = catalog_entry(choice)
    if item is not None:
        from ..engine.catalog import find

        return find(item, model_folders())
    name, _, file = choice.partition("/")
    return find_file(name, file) if name in CHECKPOINTS else None


# --- files of any kind -----------------------------------------------------------------------------


def listed(name: str, endings: Iterable[str]) -> list[str]:
    """Files of a kind, by their path in its folders."""
    wanted = tuple(endings)
    found = set()
    for folder in comfy.folders_of(name):
        for place, _, files in os.walk(folder, followlinks=True):
            inside = Path(place).relative_to(folder)
            found |= {(inside / file).as_posix() for file in files if file.lower().endswith(wanted) and file[0] != "."}
    return sorted(found, key=str.lower)


def find_file(name: str, file: str) -> Path | None:
    """A file of a kind, by its path in its folders; nothing outside of them."""
    for folder in comfy.folders_of(name):
        path = folder / file
        if os.path.normpath(path).startswith(os.path.normpath(folder) + os.sep) and path.is_file():
            return path
    return None


def missing(choice: str, folders: Sequence[Path]) -> str:
    """What to say of a file that is not there."""
    places = " or ".join(str(folder) for folder in folders)
    if choice == NOTHING:
        return f"no file has been saved yet: run the node that saves one, or put one into {places}, and refresh the page (R)"
    return f"{choice} is not in {places}: put it there and refresh the page (R), or choose another file"


def state(path: Path | None) -> str:
    """Changes when a file does."""
    if path is None:
        return "missing"
    facts = path.stat()
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"


def new_file(name: str, title: str) -> Path:
    """A path for a new file of a kind, which replaces none: numbers are counted up.

    Args:
        title: for the file, folders before it allowed.

    Raises:
        PasticheError: it leads out of the folder, or has no letters.
    """
    from ..engine import PasticheError

    folder = comfy.folders_of(name)[0]
    parts = [FORBIDDEN.sub("_", part).strip() for part in title.replace("\\", "/").removesuffix(".safetensors").split("/")]
    if not parts[-1] or any(part in ("", ".", "..") for part in parts):
        raise PasticheError(f"{title!r} is no name for a file in {folder}: write a name such as styles/painting")
    place = folder.joinpath(*parts[:-1])
    place.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := place / f"{parts[-1]}_{number:05}.safetensors").exists():
        number += 1
    return path
