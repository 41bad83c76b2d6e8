"""The same work on many machines, with Ray Data (`pip install "pastiche[scale]"`).

    paths -> bytes -> decoded, or a row with an error -> drawn by a model per worker -> written as they come

Rows carry encoded pictures, so that they are small between machines. A broken picture becomes a row with an error.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ..errors import PasticheError
from ..images import encode, read
from .stylizer import Prepared, Stylizer, draw_each, reason_of

__all__ = ["StylizeRows", "decode_row", "stylize_dataset"]

Rows = dict[str, Any]


def decode_row(row: Rows) -> Rows:
    """Check that a row ``path, bytes`` holds a picture; otherwise put the reason into its ``error``."""
    try:
        read(bytes(row["bytes"]))
    except PasticheError as problem:
        return {"path": row["path"], "bytes": b"", "error": str(problem)}
    return {"path": row["path"], "bytes": row["bytes"], "error": ""}


class StylizeRows:
    """Draws batches of rows ``path, bytes, error``; one instance for each worker.

    Args:
        build: makes the stylizer on the worker, so that networks are loaded there and not sent.
        suffix: format of the results.
    """

    def __init__(self, build: Callable[[], Stylizer], suffix: str = ".png") -> None:
        self._stylizer, self._suffix = build(), suffix

    def __call__(self, rows: Rows) -> Rows:
        """The rows with results as their ``bytes``; those that fail have an ``error`` and no bytes."""
        count = len(rows["path"])
        errors = [str(error) for error in rows["error"]]
        results = [b""] * count
        ready: list[tuple[int, Prepared]] = []
        for place in range(count):
            if errors[place]:
                continue
            try:
                ready.append((place, self._stylizer.prepare(bytes(rows["bytes"][place]))))
            except Exception as problem:  # one failure must not stop the rest
                errors[place] = reason_of(problem)
        drawn = draw_each(self._stylizer, [prepared for _, prepared in ready])
        for (place, prepared), drawings in zip(ready, drawn, strict=True):
            results[place], errors[place] = self._finished(prepared, drawings)
        return {"path": np.asarray(rows["path"]), "bytes": np.array(results, dtype=object), "error": np.array(errors)}

    def _finished(self, prepared: Prepared, drawings: list[Tensor] | Exception) -> tuple[bytes, str]:
        """The bytes of the result, or why there are none."""
        if isinstance(drawings, Exception):
            return b"", reason_of(drawings)
        try:
            return encode(self._stylizer.finish(prepared, drawings), self._suffix), ""
        except Exception as problem:
            return b"", reason_of(problem)


def stylize_dataset(
    source: str | Sequence[str],
    build: Callable[[], Stylizer],
    *,
    batch: int = 8,
    workers: int = 1,
    gpus: float = 0,
    suffix: str = ".png",
) -> Any:
    """A Ray dataset of results: rows of ``path, bytes, error``, computed as they are consumed.

    Args:
        source: files or folders, local or of any address that Ray and fsspec read (``s3://``, ``gs://``).
        build: makes the stylizer; it runs once on each worker.
        batch: pictures that are drawn at once.
        workers: number of copies of the networks.
        gpus: GPUs of each worker.
        suffix: format of the results.

    Raises:
        PasticheError: Ray is not installed.
    """
    try:
        import ray  # noqa: PLC0415 (an extra, and large)
    except ImportError as error:
        raise PasticheError('many machines need Ray, which is not installed: pip install "pastiche[scale]"') from error
    paths = source if isinstance(source, str) else list(source)
    # Workers may hold every processor for as long as they live: if reading had to wait for one, it would wait for ever.
    read = ray.data.read_binary_files(paths, include_paths=True, ray_remote_args={"num_cpus": 0}, concurrency=workers)
    rows = read.map(decode_row, num_cpus=0, concurrency=workers)
    return rows.map_batches(
        StylizeRows,
        fn_constructor_args=(build, suffix),
        batch_size=batch,
        concurrency=workers,
        num_gpus=gpus,
        max_restarts=-1,
        max_task_retries=-1,
    )
