"""Folders of pictures on this machine or at addresses that pyarrow opens, and the names of what is made of them.

This is for Ray's workers; `find_items` and the journal are for one machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ImageError
from ..files import replacing
from .items import SUFFIXES

__all__ = ["Place", "Targets", "pictures_at", "place_at"]


@dataclass(frozen=True)
class Place:
    """A path on a ``pyarrow.fs.FileSystem``. It can be sent to other machines."""

    system: Any
    path: str

    def files(self) -> list[str]:
        """The paths of all files: of this one, or below this folder, sorted; none if there is nothing."""
        from pyarrow import fs  # noqa: PLC0415 (comes with Ray)

        kind = self.system.get_file_info(self.path).type
        if kind == fs.FileType.File:
            return [self.path]
        below = fs.FileSelector(self.path, recursive=True, allow_not_found=True)
        return sorted(info.path for info in self.system.get_file_info(below) if info.type == fs.FileType.File)


def place_at(address: str) -> Place:
    """The place of a path, or of an address such as ``s3://bucket/photos``.

    Raises:
        ImageError: pyarrow can't open the address.
    """
    from pyarrow import fs  # noqa: PLC0415 (comes with Ray)

    if "://" not in address:
        return Place(fs.LocalFileSystem(), Path(address).absolute().as_posix())
    try:
        system, path = fs.FileSystem.from_uri(address)
    except (ValueError, OSError) as problem:
        raise ImageError(
            f"{address} can't be opened ({problem}): give a path, or an address that pyarrow opens, such as s3://bucket/photos"
        ) from problem
    return Place(system, path.rstrip("/"))


def pictures_at(addresses: Sequence[str]) -> tuple[Place, list[str], list[str]]:
    """Pictures by the suffixes of their names, hidden ones left out.

    Args:
        addresses: pictures, or folders, which are searched with all that is in them; all on one file system.

    Returns:
        the first place, whose file system has them all, the paths of the addresses, and the paths of the pictures.

    Raises:
        ImageError: an address can't be opened, has no pictures, or is on another file system.
    """
    places = [place_at(address) for address in addresses]
    if not places:
        raise ImageError("no pictures are given: give files or folders")
    found: list[str] = []
    for address, place in zip(addresses, places, strict=True):
        if not place.system.equals(places[0].system):
            raise ImageError(f"{address} and {addresses[0]} are on two file systems: make two datasets")
        pictures = [path for path in place.files() if _is_picture(path.removeprefix(place.path), path)]
        if not pictures:
            raise ImageError(
                f"{address} does not exist or holds no pictures: give files or folders with {', '.join(sorted(SUFFIXES))}"
            )
        found += pictures
    return places[0], [place.path for place in places], list(dict.fromkeys(found))


def _is_picture(below: str, path: str) -> bool:
    hidden = any(part.startswith(".") for part in PurePosixPath(below).parts)
    return not hidden and PurePosixPath(path).suffix.lower() in SUFFIXES


@dataclass(frozen=True)
class Targets:
    """Where results go: the names of the pictures below their folders, with another suffix.

    Args:
        out: a folder.
        roots: the folders that were searched, or pictures.
        suffix: of the results.
    """

    out: Place
    roots: Sequence[str]
    suffix: str

    def of(self, source: str) -> str:
        """The path of a picture's result."""
        root = next((root for root in self.roots if source.startswith(f"{root}/")), str(PurePosixPath(source).parent))
        return str(PurePosixPath(self.out.path, PurePosixPath(source).relative_to(root)).with_suffix(self.suffix))

    def missing(self, sources: Sequence[str]) -> list[str]:
        """The pictures that have no result yet.

        Raises:
            ImageError: two pictures have the same target.
        """
        by_target: dict[str, str] = {}
        for source in sources:
            other = by_target.setdefault(self.of(source), source)
            if other != source:
                raise ImageError(
                    f"{source} and {other} would both be written to {self.of(source)}: write them into two folders"
                )
        made = set(self.out.files())
        return [source for target, source in by_target.items() if target not in made]

    def write(self, source: str, content: bytes) -> None:
        """Write the result of a picture; on a disk, atomically. Object stores show an object when it is complete.

        Raises:
            ImageError, OSError: it can't be written.
        """
        from pyarrow import fs  # noqa: PLC0415 (comes with Ray)

        target = self.of(source)
        if isinstance(self.out.system, fs.LocalFileSystem):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            with replacing(Path(target), ImageError) as beside:
                beside.write_bytes(content)
        else:
            with self.out.system.open_output_stream(target) as stream:
                stream.write(content)
