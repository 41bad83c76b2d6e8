"""Where the pictures of a training set are: a folder, a zip archive, an LMDB, or a list of files. They are read on demand."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import TrainingError

__all__ = ["FolderSource", "ListSource", "LmdbSource", "PictureSource", "ZipSource", "open_source"]

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}


class PictureSource(ABC):
    """Encoded pictures by number.

    Attributes:
        path: where they are.
        names: a name for each, with forward slashes: the path below a folder, in an archive or in a list; the key in an LMDB.
    """

    path: Path
    names: Sequence[str]

    @abstractmethod
    def read(self, index: int) -> bytes:
        """The bytes of one picture file. Any thread may call this.

        Raises:
            OSError: it can't be read.
        """

    @abstractmethod
    def size(self, index: int) -> int:
        """Bytes of one picture file, without reading it: a file of another size is another picture. 0 if it is not there."""


class FolderSource(PictureSource):
    """The pictures in a folder and in the folders below it, in alphabetical order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = (file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        self.names = sorted(name for name in found if _is_picture(name))

    def read(self, index: int) -> bytes:
        return (self.path / self.names[index]).read_bytes()

    def size(self, index: int) -> int:
        return _file_size(self.path / self.names[index])


class ListSource(PictureSource):
    """The pictures named in a text file, one path on a line, relative to the file's folder. Lines with "#" are comments."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
        self.names = [Path(line).as_posix() for line in lines if line and not line.startswith("#")]

    def read(self, index: int) -> bytes:
        return (self.path.parent / self.names[index]).read_bytes()

    def size(self, index: int) -> int:
        return _file_size(self.path.parent / self.names[index])


UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)  # damaged, encrypted, unknown


class ZipSource(PictureSource):
    """The pictures in a zip archive, which is not unpacked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = zipfile.ZipFile(path)
        self.names = sorted(name for name in self._archive.namelist() if _is_picture(name))

    def read(self, index: int) -> bytes:
        try:
            return self._archive.read(self.names[index])
        except UNREADABLE as error:
            raise OSError(str(error)) from error

    def size(self, index: int) -> int:
        return self._archive.getinfo(self.names[index]).file_size


class LmdbSource(PictureSource):
    """The pictures in an LMDB folder: every entry, or those of one size in rosinality's layout.

    That layout has the keys ``{size}-{index:05d}`` and ``length``, and holds each picture at several sizes.

    Args:
        side: the size wanted; the smallest one of at least this side is read, or the largest.
    """

    def __init__(self, path: Path, side: int) -> None:
        self.path = path
        self._database = _open_lmdb(path)
        with self._database.begin() as view:
            keys = [bytes(key) for key, _ in view.cursor()]
        if b"length" in keys:
            sizes = sorted({int(key.split(b"-")[0]) for key in keys if b"-" in key})
            chosen = next((size for size in sizes if size >= side), sizes[-1] if sizes else side)
            keys = [key for key in keys if key.startswith(b"%d-" % chosen)]
        self._keys = keys
        self.names = [key.decode("utf8", "replace") for key in keys]

    def read(self, index: int) -> bytes:
        with self._database.begin() as view:
            return bytes(view.get(self._keys[index]))

    def size(self, index: int) -> int:
        with self._database.begin(buffers=True) as view:
            return len(view.get(self._keys[index]))


def open_source(path: Path, side: int) -> PictureSource:
    """The pictures at a path: a folder, a .zip, an LMDB (a folder with data.mdb) or a .txt with one path on a line.

    Args:
        side: that the pictures will be used at, in pixels.

    Raises:
        TrainingError: there is nothing of this kind, or it holds no pictures.
    """
    try:
        source = _open(path, side)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} can't be read as pictures for training: {error}") from error
    if not source.names:
        raise TrainingError(
            f"{path} holds no pictures: give a folder, a .zip, an LMDB or a .txt with one path on a line, with files that end "
            f"in {', '.join(sorted(PICTURES))}"
        )
    return source


def _open(path: Path, side: int) -> PictureSource:
    if (path / "data.mdb").exists():
        return LmdbSource(path, side)
    if path.is_dir():
        return FolderSource(path)
    if not path.exists():
        raise TrainingError(f"{path} does not exist: give a folder, a .zip, an LMDB or a .txt with one path on a line")
    if path.suffix.lower() == ".zip":
        return ZipSource(path)
    if path.suffix.lower() == ".txt":
        return ListSource(path)
    raise TrainingError(f"{path} ends in {path.suffix!r}: give a folder, a .zip, an LMDB or a .txt with one path on a line")


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_picture(name: str) -> bool:
    place = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in place.parts)
    return place.suffix.lower() in PICTURES and not hidden


def _open_lmdb(path: Path) -> Any:
    try:
        import lmdb  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise TrainingError(
            f'{path} is an LMDB, and the package to read it is not installed: pip install "pastiche[training]", or give a '
            "folder or a .zip"
        ) from error
    try:
        return lmdb.open(str(path), readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise TrainingError(f"{path} can't be opened as an LMDB: {error}") from error
