"""Partially downloaded files."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import DownloadError
from ..files import sync

__all__ = ["Part", "hash_file", "locked"]

CHUNK = 2**18


class Part:
    """A partial file next to its target, with its source and version."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.part")
        self._note = target.with_name(f".{target.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> tuple[str, str] | None:
        """The source and the version; None if unknown."""
        try:
            source, version = json.loads(self._note.read_text(encoding="utf8"))
        except (OSError, ValueError, TypeError):
            return None
        return str(source), str(version)

    def restart(self, source: str, version: str) -> None:
        """Start over with an empty file."""
        self.path.write_bytes(b"")
        self._note.write_text(json.dumps([source, version]), encoding="utf8")

    def discard(self) -> None:
        """Delete the partial file."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self) -> None:
        """Move it to the target."""
        sync(self.path)
        self.path.replace(self.target)
        self._note.unlink(missing_ok=True)
        if os.name == "posix":
            sync(self.target.parent)


def hash_file(path: Path) -> "hashlib._Hash":
    """The sha256 of a file's contents, which can be continued."""
    running = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            running.update(chunk)
    return running


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Lock a file against downloads by other processes.

    Raises:
        DownloadError: another process is downloading it.
    """
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise DownloadError(
            f"{target} is being downloaded by another process: wait until it is done, then try again"
        ) from error
    try:
        yield
    finally:
        lock.release()
