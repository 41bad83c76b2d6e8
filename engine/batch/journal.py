"""The journal of a batch: a line of JSON for each picture, written when it is done. It is also the report.

A picture is done once its result has its name and the journal its line. Where a crash came between the two, the result,
which is complete because it was renamed, is entered at the next start.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from filelock import FileLock, Timeout

from ..errors import ImageError
from ..files import sync
from .items import Item

__all__ = ["NAME", "Journal", "Record"]

NAME = "report.jsonl"


@dataclass(frozen=True)
class Record:
    """What became of one picture.

    Attributes:
        input, output: paths; the output is relative to the folder.
        status: "done" or "failed".
        error: why it failed.
        faces: number of faces that were drawn.
    """

    input: str
    output: str
    status: Literal["done", "failed"]
    error: str = ""
    faces: int = 0


class Journal:
    """The journal of a folder. Use it as a context manager, in one process at a time.

    Args:
        folder: of the output; it exists.
        job: what the results depend on. The journal of another job is refused.
        retry: forget what failed.
    """

    def __init__(self, folder: Path, job: Mapping[str, Any], *, retry: bool = False) -> None:
        self.folder, self.path = folder, folder / NAME
        self._job = json.loads(json.dumps(job, sort_keys=True, default=str))
        self._retry = retry
        self._lock = FileLock(folder / f".{NAME}.lock")
        self._targets: dict[int, int] = {}  # of hashes: a million names would take ten times the memory
        self._refused: set[tuple[int, int]] = set()  # which have a line that says that another picture has their target
        self._started = 0.0
        self._file: Any = None

    def __enter__(self) -> "Journal":
        """Read what is done, and open the journal for more.

        Raises:
            ImageError: another process has it open, it belongs to another job, is no journal, or can't be written.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout as problem:
            raise ImageError(f"another process is writing to {self.folder}: wait for it, or choose another folder") from problem
        except OSError as problem:
            raise ImageError(f"{self.folder} can't be written ({problem.strerror}): choose another folder") from problem
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()
        self._lock.release()

    def is_known(self, item: Item) -> bool:
        """Whether there is a line for a picture; enters a result that was complete when a crash came.

        Raises:
            ImageError: another picture has the same target.
        """
        source, target = _hash(item.source.resolve()), _hash(item.target)
        registered = self._targets.get(target)
        if registered == source:
            return True  # it has its line, or was named twice
        if (source, target) in self._refused:
            return True
        if registered is not None:
            raise ImageError(
                f"{item.source} would be written to {item.target}, as another picture is: give folders with different names "
                "in them, or run them into two folders"
            )
        self._targets[target] = source
        try:
            complete = (self.folder / item.target).stat().st_mtime >= self._started
        except OSError:
            return False
        if complete:
            self.add(Record(str(item.source), str(item.target), "done"))
        return complete

    def add(self, *records: Record) -> None:
        """Write lines, and wait once until they are on the disk."""
        self._write(*map(asdict, records))

    # --- the file ------------------------------------------------------------------------------------

    def _open(self) -> None:
        lines, length = self._complete_lines()
        if lines:
            self._expect_job(lines[0])
            self._started = float(lines[0]["started"])
            for line in sorted(lines[1:], key=lambda line: line["status"] == "failed"):  # what is done has its target
                target, source = _hash(Path(line["output"])), _hash(Path(line["input"]).resolve())
                if line["status"] != "failed":
                    self._targets[target] = source
                elif not self._retry and self._targets.setdefault(target, source) != source:
                    self._refused.add((source, target))
        self._file = open(self.path, "ab")  # noqa: SIM115 (closed in __exit__)
        self._file.truncate(length)  # of a line that a crash cut short
        if not lines:
            self._started = time.time() - 1  # clocks of file systems are coarse
            self._write({"job": self._job, "started": self._started})
            sync(self.folder)

    def _complete_lines(self) -> tuple[list[dict[str, Any]], int]:
        """The lines that are whole, and where they end."""
        if not self.path.exists():
            return [], 0
        line = b""
        lines: list[dict[str, Any]] = []
        length = 0
        with open(self.path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    break
                length += len(line)
            begun = not lines and line.startswith(b'{"job"')  # a crash cut the first line short
        ours = isinstance(lines[0], dict) and {"job", "started"} <= lines[0].keys() if lines else begun
        if self.path.stat().st_size and not ours:
            raise ImageError(f"{self.path} is no report of Pastiche: move it, or choose another folder")
        return lines, length

    def _expect_job(self, first: dict[str, Any]) -> None:
        found = first.get("job")
        if found == self._job:
            return
        changed = [key for key in sorted({*self._job, *(found or {})}) if self._job.get(key) != (found or {}).get(key)]
        raise ImageError(
            f"{self.path} is the report of another job, which differs in {', '.join(changed) or 'everything'}: choose another "
            "folder, or delete that file to make everything again"
        )

    def _write(self, *lines: Mapping[str, Any]) -> None:
        self._file.write(b"".join(json.dumps(facts, sort_keys=True).encode() + b"\n" for facts in lines))
        self._file.flush()
        os.fsync(self._file.fileno())


def _hash(path: Path) -> int:
    return int.from_bytes(hashlib.blake2b(str(path).encode("utf8", "surrogatepass"), digest_size=8).digest(), "big")
