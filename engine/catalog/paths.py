"""Paths of downloaded files."""

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
    """The folder for persistent data: the environment variable PASTICHE_HOME, or the system's default."""
    chosen = os.environ.get("PASTICHE_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("pastiche", appauthor=False)


def weights_folder() -> Path:
    """The default folder for downloads."""
    return home() / "weights"


def folder_of(item: Entry) -> Path:
    """The folder for this file: `weights_folder`, or the folder that the package that reads it searches."""
    return Path(torch.hub.get_dir()) / "checkpoints" if item.folder == "torch-hub" else weights_folder()


def find(item: Entry, folders: Sequence[Path] = ()) -> Path | None:
    """The path of a file, of its converted .safetensors if there is one; None if it is missing.

    Args:
        item: an entry of the catalog.
        folders: to search before `folder_of(item)`.
    """
    for folder in (*folders, folder_of(item)):
        for path in ((folder / item.file).with_suffix(".safetensors"), folder / item.file):
            if path.is_file():
                return path
    return None


def locate(name: str, folders: Sequence[Path] = ()) -> tuple[Path, Entry]:
    """The path of a downloaded file of the catalog, and its entry.

    Raises:
        PasticheError: the catalog has no such entry.
        CheckpointError: the file is not downloaded. It is never downloaded automatically.
    """
    item = entry(name)
    path = find(item, folders)
    if path is None:
        searched = " or ".join(str(folder) for folder in (*folders, folder_of(item)))
        raise CheckpointError(f"{item.file} is not in {searched}: run `{item.command}` to download it")
    return path, item


def is_converted(path: Path, item: Entry) -> bool:
    """Whether a path is the converted .safetensors of an entry."""
    return path.name != item.file
