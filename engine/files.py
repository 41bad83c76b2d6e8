"""Atomic writing of files."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from .errors import PasticheError

__all__ = ["replacing", "sync"]


@contextmanager
def replacing(path: Path, refusal: type[PasticheError]) -> Iterator[Path]:
    """Yields a temporary path next to `path`, which replaces `path` at the end and is removed on an error.

    An existing file at `path` stays until the new one is complete and on disk.

    Args:
        path: the file to write.
        refusal: the error to raise if the file can't be written.

    Raises:
        PasticheError: `refusal`, for every OSError, including those of the caller's code.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            beside.touch()
            permissions = beside.stat().st_mode  # those of any new file; some writers let nobody else read their own
            yield beside
            beside.chmod(permissions)
            sync(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        if os.name == "posix":
            sync(path.parent)
    except (OSError, SafetensorError) as error:
        reason = f"there is no folder {path.parent}" if isinstance(error, FileNotFoundError) else error
        raise refusal(f"{path} can't be written ({reason}); what was there before is unchanged") from error


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of files, to disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
