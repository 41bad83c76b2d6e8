"""The pictures of a batch, and the names of what is made of them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ImageError

__all__ = ["SUFFIXES", "Item", "find_items"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}


@dataclass(frozen=True)
class Item:
    """One picture: where it is read, and where the result goes, relative to the folder of the output."""

    source: Path
    target: Path


def find_items(inputs: Iterable[Path], suffix: str = ".png") -> Iterator[Item]:
    """The pictures of files and folders, one after the other: a folder of millions is never listed as a whole.

    Args:
        inputs: files, or folders, which are searched with all that is in them; their structure is kept.
        suffix: of the results.

    Raises:
        ImageError: an input does not exist.
    """
    for root in inputs:
        if root.is_dir():
            for path in _walk(root):
                yield Item(path, path.relative_to(root).with_suffix(suffix))
        elif root.exists():
            yield Item(root, Path(root.name).with_suffix(suffix))
        else:
            raise ImageError(f"{root} does not exist: give pictures or folders of pictures")


def _walk(folder: Path) -> Iterator[Path]:
    """Pictures below a folder, in a stable order within each folder."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        elif Path(entry.name).suffix.lower() in SUFFIXES:
            yield Path(entry.path)
