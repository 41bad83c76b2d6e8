"""The download of one file from one source: resumed where that is safe, and verified on the way."""

import hashlib
import re
import shutil
from contextlib import closing

from ..errors import DownloadError
from ..progress import Progress, Step
from .client import Answer, Broken, Client, Refused
from .entry import Entry, Source
from .part import CHUNK, Part, hash_file
from .records import DownloadRecords, Record
from .sources import ask

__all__ = ["Transfer"]

RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
RESERVE = 64 * 2**20  # bytes to leave free on the disk


class Transfer:
    """Downloads a file from a source.

    Attributes:
        sha256, bytes, proof: of the file after a successful attempt; see `Fetched`.
    """

    def __init__(
        self, item: Entry, source: Source, part: Part, client: Client, progress: Progress, record: Record | None
    ) -> None:
        self.item = item
        self.source = source
        self.part = part
        self.sha256 = ""
        self.bytes = 0
        self.proof: str | None = None
        self._client = client
        self._progress = progress
        self._record = record

    def attempt(self) -> None:
        """Download the missing part, and verify the whole file.

        Raises:
            Broken: the download was interrupted; the partial file is kept if it can be resumed.
            Refused: the source does not have the file.
            DownloadError: the disk has no room for it.
        """
        headers = self._rest()
        start = self.part.size if headers else 0
        running = hash_file(self.part.path) if start else hashlib.sha256()
        if start and running.hexdigest() == self.item.sha256:
            self._accept(running.hexdigest(), start, None)
            return
        with closing(ask(self.source, self._client, headers)) as answer:
            self._early(answer)
            if answer.status == 416:
                self._end(answer, start)
            else:
                start, total = self._begin(answer, start)
                running = running if start else hashlib.sha256()
                self._receive(answer, running, start, total)
            self._check(running.hexdigest(), answer.vouched, resumed=start > 0)

    def _rest(self) -> dict[str, str]:
        """Headers for a range request; empty if there is no partial file, or if it may belong to another version."""
        size = self.part.size
        source, version = self.part.origin() or ("", "")
        same = source == str(self.source) and bool(version)
        if not size or size > (self.item.bytes or size) or not (self.item.sha256 or same):
            return {}
        return {"Range": f"bytes={size}-", **({"If-Range": version} if same else {})}

    def _early(self, answer: Answer) -> None:
        """Refuse a file that its host says is another one, before it comes."""
        if answer.vouched and not self.item.accepts(answer.vouched):
            raise Refused(f"has another file: sha256 {answer.vouched}, and {self._published()} was published")

    def _end(self, answer: Answer, start: int) -> None:
        """Nothing is left to send, or the part is not of this file."""
        if _range(answer)[1] != start:
            self.part.discard()
            raise Broken("has no such part of the file")

    def _begin(self, answer: Answer, asked: int) -> tuple[int, int | None]:
        """Where the answer begins in the file, and how long the file is, if the server says so."""
        if answer.status == 206:
            start, total = _range(answer)
            if start != asked:
                self.part.discard()
                raise Broken(f"sends the file from byte {start} instead of {asked}")
        else:
            length = answer.header("Content-Length")
            start, total = 0, int(length) if length.isdecimal() else None
        if total is not None and self.item.bytes not in (None, total):
            raise Refused(f"has another file: {total} bytes, and {self.item.bytes} were published")
        if not start:
            self.part.restart(str(self.source), _version(answer))
        self._room((self.item.bytes or total or start) - start)
        return start, total

    def _room(self, needed: int) -> None:
        folder = self.part.path.parent
        free = shutil.disk_usage(folder).free
        if free < needed + RESERVE:
            raise DownloadError(
                f"{self.item.file} needs {needed / 2**20:.0f} MB more in {folder}, where {free / 2**20:.0f} MB are free: "
                f"make room, and run `{self.item.command}` again"
            )

    def _receive(self, answer: Answer, running: "hashlib._Hash", start: int, total: int | None) -> None:
        """Append what is sent to the part."""
        done, limit = start, self.item.bytes or total
        with self.part.path.open("ab", buffering=0) as out:
            try:
                while chunk := answer.read(CHUNK):
                    running.update(chunk)
                    left = memoryview(chunk)
                    while left:
                        left = left[out.write(left) :]
                    done += len(chunk)
                    self._progress(Step(index=done, total=limit or 0))
                    if limit is not None and done > limit:
                        break
            except Broken:
                if running.hexdigest() != self.item.sha256:  # else only its announced length was wrong
                    raise
        if limit is not None and done < limit and running.hexdigest() != self.item.sha256:
            raise Broken(f"ended after {done} of {limit} bytes")
        if limit is not None and done > limit:
            self.part.discard()
            raise Refused(f"sends more than {limit} bytes")

    def _check(self, sha256: str, vouched: str | None, *, resumed: bool) -> None:
        wanted = self._published()
        if self.item.accepts(sha256) and vouched not in (None, sha256):
            wanted = vouched
        elif self.item.accepts(sha256) and self.item.sha256 is None and self._record and self._record.sha256 != sha256:
            wanted = f"{self._record.sha256}, as first came from {self._record.source} (recorded in {DownloadRecords().path})"
        elif self.item.accepts(sha256):
            self._accept(sha256, self.part.size, vouched)
            return
        self.part.discard()
        if resumed:
            raise Broken("the rest does not fit the beginning")
        raise Refused(f"sent another file: sha256 {sha256}, expected {wanted}")

    def _accept(self, sha256: str, size: int, vouched: str | None) -> None:
        self.sha256, self.bytes = sha256, size
        proofs = {"published": self.item.sha256, "recorded": self._record, "host": vouched}
        self.proof = next((name for name, known in proofs.items() if known), None)

    def _published(self) -> str:
        prefix = self.item.sha256_prefix
        return self.item.sha256 or (f"{prefix}..." if prefix else "nothing")


def _range(answer: Answer) -> tuple[int, int | None]:
    """Beginning and whole length in a Content-Range."""
    found = RANGE.fullmatch(answer.header("Content-Range").strip())
    if found is None:
        return -1, None
    return int(found[1] or -1), None if found[2] == "*" else int(found[2])


def _version(answer: Answer) -> str:
    """By what a server knows this version of a file; nothing if it has no name that can be relied on."""
    etag = answer.header("ETag")
    return etag if etag and not etag.startswith("W/") else answer.header("Last-Modified")
