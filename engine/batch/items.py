"""The pictures of a batch, and the names of what is made of them."""

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ImageError

__all__ = ["SUFFIXES", "Item", "find_items"]

log = logging.getLogger(__name__)

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}


AMONG = "the results in {} would lie among the pictures that are read: choose another folder"


@dataclass(frozen=True)
class Item:
    """One picture: where it is read, and where the result goes, relative to the folder of the output."""

    source: Path
    target: Path


def find_items(inputs: Iterable[Path], suffix: str = ".png", *, out: Path | None = None) -> Iterator[Item]:
    """The pictures of files and folders, one after the other: a folder of millions is never listed as a whole.

    Args:
        inputs: files, or folders, which are searched with all that is in them; their structure is kept. A folder that
            can't be read is left out, with a warning.
        suffix: of the results.
        out: the folder of the results, which is not searched where it lies in an input.

    Raises:
        ImageError: an input does not exist, or a result would replace an input.
    """
    roots = list(inputs)
    for root in roots:
        if not root.exists():
            raise ImageError(f"{root} does not exist: give pictures or folders of pictures")
    place = None if out is None else out.resolve()
    originals = {root.resolve() for root in roots}
    if place in originals:
        raise ImageError(AMONG.format(out))
    items = (item for root in roots for item in _items(root, suffix, place))
    return items if place is None else _apart(items, place, originals)


def _apart(items: Iterable[Item], place: Path, originals: set[Path]) -> Iterator[Item]:
    """The pictures, each of whose results is another file than any input."""
    for item in items:
        if (place / item.target).resolve() in {*originals, item.source.resolve()}:
            raise ImageError(AMONG.format(place))
        yield item


def _items(root: Path, suffix: str, place: Path | None) -> Iterator[Item]:
    if root.is_dir():
        for path in _walk(root, set() if place is None else {place}):
            yield Item(path, path.relative_to(root).with_suffix(suffix))
    else:
        yield Item(root, Path(root.name).with_suffix(suffix))


def _walk(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """Pictures below a folder, in a stable order within each folder.

    Args:
        seen: folders that are left out, by their real paths: a link may lead back.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as problem:
        log.warning("%s is left out: %s", folder, problem.strerror)
        return
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            real = Path(entry.path).resolve()
            if real not in seen:
                seen.add(real)
                yield from _walk(Path(entry.path), seen)
        elif Path(entry.name).suffix.lower() in SUFFIXES:
            yield Path(entry.path)
