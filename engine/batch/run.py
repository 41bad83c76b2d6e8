"""A folder from end to end: decoding and writing in threads, drawing in batches on the device."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import Cancelled, ImageError
from ..images import write
from ..progress import Progress, Step, silent
from .items import Item
from .journal import Journal, Record
from .stylizer import Prepared, Steps, draw_each, reason_of

__all__ = ["BatchReport", "stylize_folder"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchReport:
    """Numbers of pictures: made, failed, and known from an earlier run; and the seconds that it took."""

    done: int
    failed: int
    skipped: int
    seconds: float


def stylize_folder(
    items: Iterable[Item],
    folder: str | Path,
    stylizer: Steps,
    *,
    job: Mapping[str, Any],
    batch: int = 8,
    workers: int = 4,
    retry: bool = False,
    total: int = 0,
    progress: Progress = silent,
) -> BatchReport:
    """Stylize pictures into a folder.

    A picture that can't be read or shows no face is recorded as failed, and the others go on. After an interruption of any
    kind, the same call makes what is missing, and nothing twice that was complete. At most ``3 * batch + workers``
    pictures are in memory.

    Args:
        items: from `find_items`.
        folder: gets the results and the journal ``report.jsonl``.
        stylizer: what is done to each picture.
        job: what the results depend on; a folder takes one job.
        batch: pictures that are drawn at once.
        workers: threads that decode and write.
        retry: try again what failed before.
        total: number of items, for the progress, if it is known.
        progress: called after each picture; raise `Cancelled` in it to stop.

    Raises:
        ImageError: the folder can't be written, belongs to another job, or is in use.
    """
    if batch < 1 or workers < 1:
        raise ImageError(f"batch is {batch} and workers are {workers}: both are at least 1")
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ImageError(f"{folder} can't be created: {problem.strerror}") from problem
    with Journal(folder, job, retry=retry) as journal, ThreadPoolExecutor(workers) as pool:
        run = _Run(journal, pool, stylizer, batch, workers, total, progress)
        try:
            return run(items)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


class _Run:
    """One run over the items."""

    def __init__(
        self, journal: Journal, pool: ThreadPoolExecutor, steps: Steps, batch: int, workers: int, total: int, progress: Progress
    ) -> None:
        self._journal, self._pool, self._steps = journal, pool, steps
        self._batch, self._ahead = batch, batch + workers
        self._total, self._progress = total, progress
        self._done = self._failed = self._skipped = 0
        self._writing: set[Future[Record]] = set()

    def __call__(self, items: Iterable[Item]) -> BatchReport:
        start = time.monotonic()
        ready: list[tuple[Item, Prepared]] = []
        for item, prepared in self._prepared(items):
            ready.append((item, prepared))
            if len(ready) == self._batch:
                self._draw(ready)
                ready = []
        self._draw(ready)
        self._collect(0)
        return BatchReport(self._done, self._failed, self._skipped, time.monotonic() - start)

    def _prepared(self, items: Iterable[Item]) -> Iterator[tuple[Item, Prepared]]:
        """Pictures as they are decoded, a bounded number ahead; what fails is recorded."""
        waiting: dict[Future[Prepared], Item] = {}
        new = self._new(items)
        more = True
        while more or waiting:
            while more and len(waiting) < self._ahead:
                item = next(new, None)
                more = item is not None
                if item is not None:
                    waiting[self._pool.submit(self._steps.prepare, item.source)] = item
            for future in wait(waiting, return_when=FIRST_COMPLETED).done if waiting else ():
                item = waiting.pop(future)
                problem = future.exception()
                if problem is None:
                    yield item, future.result()
                else:
                    self._fail(item, problem)

    def _new(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            try:
                known = self._journal.is_known(item)
            except ImageError as problem:
                self._fail(item, problem)
                continue
            if known:
                self._skipped += 1
                self._report()
            else:
                yield item

    def _draw(self, ready: list[tuple[Item, Prepared]]) -> None:
        """Draw a batch, and let threads write it while the next one is drawn."""
        if not ready:
            return
        self._collect(self._batch)
        drawn = draw_each(self._steps, [prepared for _, prepared in ready])
        for (item, prepared), drawings in zip(ready, drawn, strict=True):
            if isinstance(drawings, list):
                self._writing.add(self._pool.submit(self._finish, item, prepared, drawings))
            else:
                self._fail(item, drawings)

    def _finish(self, item: Item, prepared: Prepared, drawings: list[Tensor]) -> Record:
        try:
            write(self._steps.finish(prepared, drawings), self._journal.folder / item.target)
        except Exception as problem:  # one failure must not stop the rest
            return _failure(item, problem)
        return Record(str(item.source), str(item.target), "done", faces=len(drawings))

    def _collect(self, most: int) -> None:
        """Record what was written, until at most `most` are left."""
        while self._writing and (len(self._writing) > most or any(future.done() for future in self._writing)):
            finished, self._writing = wait(self._writing, return_when=FIRST_COMPLETED)
            self._record(*(future.result() for future in finished))

    def _fail(self, item: Item, problem: BaseException) -> None:
        if isinstance(problem, Cancelled) or not isinstance(problem, Exception):
            raise problem
        self._record(_failure(item, problem))

    def _record(self, *records: Record) -> None:
        """Enter what was done or failed, all with one wait for the disk, during which nothing is drawn."""
        self._journal.add(*records)
        for record in records:
            if record.status == "failed":
                self._failed += 1
                log.warning("%s: %s", record.input, record.error)
            else:
                self._done += 1
            self._report()

    def _report(self) -> None:
        finished = self._done + self._failed + self._skipped
        self._progress(Step(index=finished, total=max(self._total, finished)))


def _failure(item: Item, problem: BaseException) -> Record:
    return Record(str(item.source), str(item.target), "failed", reason_of(problem))
