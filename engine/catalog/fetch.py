"""Fetching a file of the catalog, because a user asked for it."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..errors import DownloadError
from ..progress import Progress, silent
from .client import Broken, Client, Refused
from .entry import Entry, Source
from .known import Known, Record
from .part import Part, locked
from .places import find, folder_of, is_converted
from .read import entry
from .transfer import Transfer
from .verify import Check, judge

__all__ = ["Fetched", "fetch"]

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 100  # of a source, as long as each brings something
MOST_FRUITLESS = 4  # in a row
LONGEST_WAIT = 120.0  # seconds

Sleep = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file of the catalog that is there now.

    Attributes:
        entry: what is known of it.
        path: where it is.
        source: that it came from; None if it was there already.
        sha256: of the file; None if it was there already, and had been checked before.
        proof: what the hash was held against: ``"published"``, ``"recorded"`` (its first download), ``"host"`` (what
            the host says of its file), ``"first"`` (put there by hand: it is recorded now), or None: nothing is known to
            hold it against, but later downloads will be.
    """

    entry: Entry
    path: Path
    source: str | None = None
    sha256: str | None = None
    proof: str | None = None


def fetch(
    name: str,
    *,
    folder: Path | None = None,
    folders: Sequence[Path] = (),
    check: Check | None = None,
    progress: Progress = silent,
    sleep: Sleep = time.sleep,
) -> Fetched:
    """Download a file of the catalog, unless it is there: this is the only thing in Pastiche that does.

    What was interrupted goes on where it was. Length and sha256 are checked before the file appears. A file that is there
    already, but was not put there by this function, is held against them as well, once.

    Args:
        name: in the catalog.
        folder: to put it into; `folder_of` it by default.
        folders: where it may be already, besides `folder` and `folder_of` it.
        check: as for `verify`.
        progress: called with the bytes that are there, and with all that will be: 0 if no one knows.
        sleep: waits for seconds, between attempts.

    Raises:
        PasticheError: the catalog has no such name.
        DownloadError: no source gave the file, it can't be written, another process is fetching it, or what is there is
            another file.
    """
    item = entry(name)
    place = folder or folder_of(item)
    try:
        there = find(item, (place, *folders))
        if there is not None:
            return _held(there, item, check)
        place.mkdir(parents=True, exist_ok=True)
        target = place / item.file
        with locked(target):
            if target.is_file():  # another process was quicker
                return Fetched(entry=item, path=target)
            return _fetch(item, Part(target), progress, sleep)
    except OSError as error:
        raise DownloadError(
            f"{place / item.file} can't be written: {error.strerror or error}. What came is kept: mend that, and run "
            f"`{item.command}` again"
        ) from error


def _held(path: Path, item: Entry, check: Check | None) -> Fetched:
    """A file that is there, held against what is known of it unless that was done before."""
    size, record = path.stat().st_size, Known().record(path.name)
    again = f"remove it, and run `{item.command}` again"
    if not is_converted(path, item) and item.bytes not in (None, size):
        raise DownloadError(f"{path} has {size} bytes, and {item.bytes} were published: {again}")
    if record is not None and record.bytes == size:
        return Fetched(entry=item, path=path)
    verdict = judge(path, item, check)
    if verdict.problem is not None:
        raise DownloadError(f"{verdict.problem}: {again}")
    return Fetched(entry=item, path=path, sha256=verdict.sha256, proof=verdict.proof)


def _fetch(item: Entry, part: Part, progress: Progress, sleep: Sleep) -> Fetched:
    """From the first source that gives the file."""
    known, answers = Known(), []
    record = known.record(item.file)
    with closing(Client()) as client:
        for source in item.sources:
            transfer = Transfer(item, source, part, client, progress, record)
            try:
                _patiently(transfer, source, sleep)
            except Refused as error:
                answers.append((source, str(error)))
                log.info("%s: %s", source, error)
                continue
            part.finish()
            known.remember(item.file, Record(sha256=transfer.sha256, bytes=transfer.bytes, source=str(source)))
            return Fetched(entry=item, path=part.target, source=str(source), sha256=transfer.sha256, proof=transfer.proof)
    raise DownloadError(_all_refused(item, part.target, answers))


def _patiently(transfer: Transfer, source: Source, sleep: Sleep) -> None:
    """One source, again and again while that may help.

    Raises:
        Refused: it does not.
    """
    fruitless = 0
    for _ in range(MOST_ATTEMPTS):
        before = transfer.part.size
        try:
            transfer.attempt()
            return
        except Broken as error:
            fruitless = 0 if transfer.part.size > before else fruitless + 1
            wait = float(2**fruitless) if error.wait is None else error.wait
            if wait > LONGEST_WAIT:
                raise Refused(f"{error}, and asks to come back in {wait:.0f} seconds") from error
            if fruitless == MOST_FRUITLESS:
                raise Refused(f"{error}, {fruitless} times in a row") from error
            log.warning("%s: %s; again in %.0f seconds", source, error, wait)
        sleep(wait)
    raise Refused(f"was cut {MOST_ATTEMPTS} times")


def _all_refused(item: Entry, target: Path, answers: Sequence[tuple[Source, str]]) -> str:
    by_hand = f"open one of them in a browser, save the file as {target}, and run `pastiche weights verify {item.name}`"
    lines = [f"{item.name} could not be fetched:", *(f"  {source}: {answer}" for source, answer in answers)]
    return "\n".join([*lines, f"Try `{item.command}` again later. Or by hand: {by_hand}."])
