"""Files that appear whole or not at all."""

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
    """A path beside `path` to write to; becomes `path` at the end, and is removed if anything goes wrong.

    Whatever was at `path` stays until the new file is complete and on the disk.

    Args:
        path: of the file to be.
        refusal: the error to raise where the disk, or the folder, does not take it.

    Raises:
        PasticheError: `refusal`, for every OSError, also one of who writes.
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
    """Wait until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
