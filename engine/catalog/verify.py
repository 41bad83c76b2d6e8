"""Verification of existing files by their hashes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import PasticheError
from .entry import Entry
from .part import hash_file
from .paths import is_converted, locate
from .records import DownloadRecords, Record

__all__ = ["Check", "Verdict", "remember", "verify", "verify_path"]

Check = Callable[[Path, Entry], None]

HERE = "this disk"  # the source of files that Pastiche did not download


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The result of a verification.

    Attributes:
        proof: what the hash was compared with: ``"published"``, ``"recorded"``, or ``"first"`` if there was no hash, so
            that this one is recorded.
        problem: what is wrong; None if the file is right.
    """

    entry: Entry
    path: Path
    sha256: str
    bytes: int
    proof: str
    problem: str | None = None


def verify(name: str, folders: Sequence[Path] = (), *, check: Check | None = None) -> Verdict:
    """Compare the hash of a file of the catalog with the published one, or with that of its first download.

    Args:
        name, folders: as for `locate`.
        check: called with a file without a known hash before its hash is recorded; raises a PasticheError if the file
            does not match its entry. Without it, any file is recorded.

    Raises:
        PasticheError: there is no such entry, or its file is missing.
    """
    path, item = locate(name, folders)
    return verify_path(path, item, check)


def verify_path(path: Path, item: Entry, check: Check | None) -> Verdict:
    """Verify an existing file, and record its hash if it is right."""
    sha256, size = hash_file(path).hexdigest(), path.stat().st_size
    published = None if is_converted(path, item) else item.sha256 or item.sha256_prefix
    record = DownloadRecords().record(path.name)
    if published is not None:
        proof, problem = "published", _difference(path, sha256, published, "published")
    elif record is not None:
        proof, problem = "recorded", _difference(path, sha256, record.sha256, "recorded")
    else:
        proof, problem = "first", _doubt(path, item, check)
    if problem is None and (record is None or record.sha256 != sha256):
        DownloadRecords().remember(path.name, Record(sha256=sha256, bytes=size, source=HERE))
    return Verdict(entry=item, path=path, sha256=sha256, bytes=size, proof=proof, problem=problem)


def _difference(path: Path, sha256: str, expected: str, proof: str) -> str | None:
    return None if sha256.startswith(expected) else f"{path} has the sha256 {sha256}; {expected} was {proof}"


def _doubt(path: Path, item: Entry, check: Check | None) -> str | None:
    """Why a file without a known hash does not match its entry; None if it may."""
    try:
        if check is not None:
            check(path, item)
    except PasticheError as error:
        return str(error)
    return None


def remember(path: Path) -> None:
    """Record the hash of a file that was copied by hand, or converted."""
    DownloadRecords().remember(path.name, Record(sha256=hash_file(path).hexdigest(), bytes=path.stat().st_size, source=HERE))
