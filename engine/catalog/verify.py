"""Holding files that are there against what is known of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import PasticheError
from .entry import Entry
from .known import Known, Record
from .part import hash_file
from .places import is_converted, locate

__all__ = ["Check", "Verdict", "judge", "remember", "verify"]

Check = Callable[[Path, Entry], None]

HERE = "this disk"  # the source of what was not fetched by Pastiche


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found.

    Attributes:
        proof: what the hash was held against: ``"published"``, ``"recorded"``, or ``"first"``: nothing was known, and
            it is recorded from now on.
        problem: what is wrong; None if nothing is.
    """

    entry: Entry
    path: Path
    sha256: str
    bytes: int
    proof: str
    problem: str | None = None


def verify(name: str, folders: Sequence[Path] = (), *, check: Check | None = None) -> Verdict:
    """Read a file of the catalog, and compare its hash with the published one, else with that of its first download.

    Args:
        name, folders: as for `locate`.
        check: called with a file of which no hash is known, before it is recorded; raises a PasticheError if it can't be
            what its entry says. Without it, whatever is there is recorded.

    Raises:
        PasticheError: there is no such name, or its file is not there.
    """
    path, item = locate(name, folders)
    return judge(path, item, check)


def judge(path: Path, item: Entry, check: Check | None) -> Verdict:
    """What `verify` says of a file that is there; a good one is recorded."""
    sha256, size = hash_file(path).hexdigest(), path.stat().st_size
    published = None if is_converted(path, item) else item.sha256 or item.sha256_prefix
    record = Known().record(path.name)
    if published is not None:
        proof, problem = "published", _difference(path, sha256, published, "published")
    elif record is not None:
        proof, problem = "recorded", _difference(path, sha256, record.sha256, "recorded")
    else:
        proof, problem = "first", _doubt(path, item, check)
    if problem is None and (record is None or record.sha256 != sha256):
        Known().remember(path.name, Record(sha256=sha256, bytes=size, source=HERE))
    return Verdict(entry=item, path=path, sha256=sha256, bytes=size, proof=proof, problem=problem)


def _difference(path: Path, sha256: str, expected: str, proof: str) -> str | None:
    return None if sha256.startswith(expected) else f"{path} has the sha256 {sha256}; {expected} was {proof}"


def _doubt(path: Path, item: Entry, check: Check | None) -> str | None:
    """Why a file of which nothing is known can't be the one."""
    try:
        if check is not None:
            check(path, item)
    except PasticheError as error:
        return str(error)
    return None


def remember(path: Path) -> None:
    """Hold a file against what it is now from now on: one that was put in place by hand, or was converted."""
    Known().remember(path.name, Record(sha256=hash_file(path).hexdigest(), bytes=path.stat().st_size, source=HERE))
