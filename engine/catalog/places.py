"""Where fetched files are."""

import os
from collections.abc import Sequence
from pathlib import Path

import platformdirs
import torch

from ..errors import CheckpointError
from .entry import Entry
from .read import entry

__all__ = ["find", "folder_of", "home", "is_converted", "locate", "weights_folder"]


def home() -> Path:
    """The folder for what Pastiche keeps between runs: that of the variable PASTICHE_HOME, or the system's place for it."""
    chosen = os.environ.get("PASTICHE_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("pastiche", appauthor=False)


def weights_folder() -> Path:
    """The folder that files are fetched into, unless another one is given."""
    return home() / "weights"


def folder_of(item: Entry) -> Path:
    """The folder that this file is fetched into: `weights_folder`, or where the package that reads it looks."""
    return Path(torch.hub.get_dir()) / "checkpoints" if item.folder == "torch-hub" else weights_folder()


def find(item: Entry, folders: Sequence[Path] = ()) -> Path | None:
    """Where a file is: as .safetensors if it was converted, else as published.

    Args:
        item: of the catalog.
        folders: to look into, before `folder_of` it.
    """
    for folder in (*folders, folder_of(item)):
        for path in ((folder / item.file).with_suffix(".safetensors"), folder / item.file):
            if path.is_file():
                return path
    return None


def locate(name: str, folders: Sequence[Path] = ()) -> tuple[Path, Entry]:
    """A file of the catalog that is there, and what is known of it.

    Raises:
        PasticheError: the catalog has no such name.
        CheckpointError: the file was not fetched; it never is without being asked for.
    """
    item = entry(name)
    path = find(item, folders)
    if path is None:
        places = " or ".join(str(folder) for folder in (*folders, folder_of(item)))
        raise CheckpointError(f"{item.file} is not in {places}: run `{item.command}` to fetch it")
    return path, item


def is_converted(path: Path, item: Entry) -> bool:
    """Whether a path is the .safetensors that was made from a file."""
    return path.name != item.file
