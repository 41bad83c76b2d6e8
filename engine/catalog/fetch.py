"""Download of catalog files on request."""

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
from .part import Part, locked
from .paths import find, folder_of, is_converted
from .read import entry
from .records import DownloadRecords, Record
from .transfer import Transfer
from .verify import Check, verify_path

__all__ = ["Fetched", "fetch"]

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 100  # of a source, as long as each brings something
MOST_FRUITLESS = 4  # in a row
LONGEST_WAIT = 120.0  # seconds

Sleep = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A downloaded file of the catalog.

    Attributes:
        entry: its entry.
        path: of the file.
        source: the source of the download; None if the file existed already.
        sha256: of the file; None if it existed and was verified before.
        proof: what the hash was compared with: ``"published"``, ``"recorded"`` (its first download), ``"host"`` (the hash
            that the host reports), ``"first"`` (a file copied by hand, which is recorded now), or None: there was no hash,
            so that this one is recorded.
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
    """Download a file of the catalog if it is missing. Nothing else in Pastiche downloads files.

    Interrupted downloads are resumed. Length and sha256 are verified before the file appears. An existing file that this
    function did not download is verified once as well.

    Args:
        name: in the catalog.
        folder: for the file; by default `folder_of(item)`.
        folders: other folders that may already hold it.
        check: as for `verify`.
        progress: called with the number of bytes so far and in total (0 if unknown).
        sleep: waits between attempts; for tests.

    Raises:
        PasticheError: the catalog has no such name.
        DownloadError: no source provides the file, it can't be written, another process is downloading it, or the
            existing file is a different one.
    """
    item = entry(name)
    place = folder or folder_of(item)
    try:
        there = find(item, (place, *folders))
        if there is not None:
            return _existing(there, item, check)
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


def _existing(path: Path, item: Entry, check: Check | None) -> Fetched:
    """An existing file, verified unless that was done before."""
    size, record = path.stat().st_size, DownloadRecords().record(path.name)
    again = f"remove it, and run `{item.command}` again"
    if not is_converted(path, item) and item.bytes not in (None, size):
        raise DownloadError(f"{path} has {size} bytes, and {item.bytes} were published: {again}")
    if record is not None and record.bytes == size:
        return Fetched(entry=item, path=path)
    verdict = verify_path(path, item, check)
    if verdict.problem is not None:
        raise DownloadError(f"{verdict.problem}: {again}")
    return Fetched(entry=item, path=path, sha256=verdict.sha256, proof=verdict.proof)


def _fetch(item: Entry, part: Part, progress: Progress, sleep: Sleep) -> Fetched:
    """Download from the first source that provides the file."""
    records, answers = DownloadRecords(), []
    record = records.record(item.file)
    with closing(Client()) as client:
        for source in item.sources:
            transfer = Transfer(item, source, part, client, progress, record)
            try:
                _with_retries(transfer, source, sleep)
            except Refused as error:
                answers.append((source, str(error)))
                log.info("%s: %s", source, error)
                continue
            part.finish()
            records.remember(item.file, Record(sha256=transfer.sha256, bytes=transfer.bytes, source=str(source)))
            return Fetched(entry=item, path=part.target, source=str(source), sha256=transfer.sha256, proof=transfer.proof)
    raise DownloadError(_all_refused(item, part.target, answers))


def _with_retries(transfer: Transfer, source: Source, sleep: Sleep) -> None:
    """Download from one source, with retries after temporary errors.

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
