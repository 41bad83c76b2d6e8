"""Holding files that are there against what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .entry import Entry
from .known import Known, Record
from .part import hash_file
from .places import is_converted, locate

__all__ = ["Verdict", "remember", "verify"]

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


def verify(name: str, folders: Sequence[Path] = ()) -> Verdict:
    """Read a file of the catalog, and compare its hash with the published one, else with that of its first download.

    Raises:
        PasticheError: there is no such name, or its file is not there.
    """
    path, item = locate(name, folders)
    sha256, size = hash_file(path).hexdigest(), path.stat().st_size
    published = None if is_converted(path, item) else item.sha256 or item.sha256_prefix
    record = Known().record(path.name)
    if published is not None:
        return _verdict(item, path, sha256, size, "published", published)
    if record is not None:
        return _verdict(item, path, sha256, size, "recorded", record.sha256)
    remember(path)
    return _verdict(item, path, sha256, size, "first", sha256)


def _verdict(item: Entry, path: Path, sha256: str, size: int, proof: str, expected: str) -> Verdict:
    problem = None if sha256.startswith(expected) else f"{path} has the sha256 {sha256}; {expected} was {proof}"
    return Verdict(entry=item, path=path, sha256=sha256, bytes=size, proof=proof, problem=problem)


def remember(path: Path) -> None:
    """Hold a file against what it is now from now on: one that was put in place by hand, or was converted."""
    Known().remember(path.name, Record(sha256=hash_file(path).hexdigest(), bytes=path.stat().st_size, source=HERE))
