"""The kind of a file, recognized by its first bytes and never by its name."""

import stat
from pathlib import Path
from typing import Literal

from ...errors import CheckpointError

__all__ = ["Kind", "expect_file", "kind_of"]

Kind = Literal["zip", "legacy", "pickle", "safetensors"]

LEGACY_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
LONGEST = 4096

READABLE: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", "zip"),
    (LEGACY_MAGIC, "legacy"),
    (b"\x80", "pickle"),
)

AGAIN = "download the file again"
CONVERTED = "a checkpoint is a .pt, .pth, .pkl or .safetensors file"

# First bytes of files that are mistaken for checkpoints: what they are, and what to do.
MISTAKES: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a git-lfs pointer, not the file itself", "fetch the file itself with `git lfs pull`"),
    (b"\x93NUMPY", "a NumPy array", CONVERTED),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"PK\x05\x06", "an empty zip archive", AGAIN),
    (b"\x89HDF", "an HDF5 file (Keras or TensorFlow)", CONVERTED),
    (b"GGUF", "a GGUF file", CONVERTED),
    (b"\x89PNG", "a PNG picture", CONVERTED),
    (b"\xff\xd8\xff", "a JPEG picture", CONVERTED),
    (b"%PDF", "a PDF document", CONVERTED),
)

PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<script")


def expect_file(path: Path) -> None:
    """Refuse a path that is not a regular file.

    Raises:
        CheckpointError: there is nothing at `path`, or a folder, or an empty file.
    """
    try:
        facts = path.stat()
    except (OSError, ValueError) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"can't be opened ({error})"
        raise CheckpointError(f"{path}: {reason}; check the path") from error
    if stat.S_ISDIR(facts.st_mode):
        raise CheckpointError(f"{path}: is a folder; name a file in it")
    if not stat.S_ISREG(facts.st_mode):
        raise CheckpointError(f"{path}: is a device or a pipe; copy it to a file first")
    if not facts.st_size:
        raise CheckpointError(f"{path}: is empty; {AGAIN}")


def kind_of(path: Path, data: memoryview) -> Kind:
    """Recognize the kind of a checkpoint file.

    Args:
        path: of the file, for messages.
        data: its bytes.

    Raises:
        CheckpointError: it is not a checkpoint; the message says what it is, if that is known.
    """
    head = bytes(data[:LONGEST])
    # first, since its length may start with the same byte as a pickle
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= len(data) - 8:
        return "safetensors"
    for magic, kind in READABLE:
        if head.startswith(magic):
            return kind
    _expect_no_mistake(path, head)
    raise CheckpointError(f"{path}: is not a checkpoint: it begins with {_shown(head[:8])}; {CONVERTED}")


def _expect_no_mistake(path: Path, head: bytes) -> None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(PAGES):
        raise CheckpointError(
            f"{path}: is a web page saved under the name of a checkpoint: the link is dead, or asks for a confirmation; "
            "download the file in a browser"
        )
    for magic, what, advice in MISTAKES:
        if head.startswith(magic):
            raise CheckpointError(f"{path}: is {what}; {advice}")
    if not head.strip(b"\0"):
        raise CheckpointError(f"{path}: contains only zeros, as after a failed download; {AGAIN}")
    if head[257:262] == b"ustar":
        raise CheckpointError(f"{path}: is a tar archive; unpack it first, or save it again with a newer PyTorch")


def _shown(head: bytes) -> str:
    return repr(head.decode("latin-1")) if head.isascii() and head.decode("ascii").isprintable() else head.hex(" ")
