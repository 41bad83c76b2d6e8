"""The same work on many machines, with Ray Data (`pip install "pastiche[scale]"`).

    paths -> bytes -> drawn by a model per worker -> given as rows, or written by the worker

Rows carry encoded pictures, so that they are small between machines. A broken picture becomes a row with an error.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from torch import Tensor

from ..errors import ImageError, PasticheError
from ..images import encode
from .places import Targets, pictures_at, place_at
from .stylizer import Prepared, Stylizer, draw_each, reason_of

__all__ = ["StylizeRows", "WriteRows", "stylize_dataset", "stylize_files"]

Rows = dict[str, Any]
WRITERS = 8  # threads of a worker; an object store takes tens of milliseconds to answer


class StylizeRows:
    """Draws batches of rows ``path, bytes``; one instance for each worker.

    Args:
        build: makes the stylizer on the worker, so that networks are loaded there and not sent.
        suffix: format of the results.
    """

    def __init__(self, build: Callable[[], Stylizer], suffix: str = ".png") -> None:
        self._stylizer, self._suffix = build(), suffix

    def __call__(self, rows: Rows) -> Rows:
        """Rows ``path, bytes, error`` with results as their bytes; those that fail have an error and no bytes."""
        found = [self._prepared(bytes(content)) for content in rows["bytes"]]
        errors = ["" if isinstance(one, Prepared) else one for one in found]
        results = [b""] * len(found)
        ready = [(place, one) for place, one in enumerate(found) if isinstance(one, Prepared)]
        drawn = draw_each(self._stylizer, [prepared for _, prepared in ready])
        for (place, prepared), drawings in zip(ready, drawn, strict=True):
            results[place], errors[place] = self._finished(prepared, drawings)
        return {"path": np.asarray(rows["path"]), "bytes": np.array(results, dtype=object), "error": np.array(errors)}

    def _prepared(self, content: bytes) -> Prepared | str:
        """A picture that is ready to be drawn, or why it can't be."""
        try:
            return self._stylizer.prepare(content)
        except Exception as problem:  # one failure must not stop the rest
            return reason_of(problem)

    def _finished(self, prepared: Prepared, drawings: list[Tensor] | Exception) -> tuple[bytes, str]:
        """The bytes of the result, or why there are none."""
        if isinstance(drawings, Exception):
            return b"", reason_of(drawings)
        try:
            return encode(self._stylizer.finish(prepared, drawings), self._suffix), ""
        except Exception as problem:
            return b"", reason_of(problem)


class WriteRows:
    """Draws batches of rows ``path, bytes`` and writes the results; one instance for each worker.

    Args:
        build: makes the stylizer on the worker.
        targets: where the results go.
    """

    def __init__(self, build: Callable[[], Stylizer], targets: Targets) -> None:
        self._drawn, self._targets = StylizeRows(build, targets.suffix), targets

    def __call__(self, rows: Rows) -> Rows:
        """Rows ``path, target, error``; those that fail have an error, and their target is not written."""
        drawn = self._drawn(rows)
        with ThreadPoolExecutor(WRITERS) as pool:
            errors = list(pool.map(self._written, drawn["path"], drawn["bytes"], drawn["error"]))
        targets = [self._targets.of(str(path)) for path in drawn["path"]]
        return {"path": drawn["path"], "target": np.array(targets), "error": np.array(errors)}

    def _written(self, path: str, content: bytes, error: str) -> str:
        """Write a result, if there is one; gives why there is none."""
        try:
            if not error:
                self._targets.write(str(path), content)
        except Exception as problem:  # one failure must not stop the rest
            return reason_of(problem)
        return str(error)


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
        source: files or folders, on this machine or at any address that Ray reads (``s3://``, ``gs://``, ``https://``).
        build: makes the stylizer; it runs once on each worker.
        batch: pictures that are drawn at once.
        workers: number of copies of the networks.
        gpus: GPUs of each worker.
        suffix: format of the results.

    Raises:
        PasticheError: Ray is not installed.
    """
    paths = source if isinstance(source, str) else list(source)
    return _mapped(_ray(), paths, None, StylizeRows, (build, suffix), batch, workers, gpus)


def stylize_files(
    source: str | Sequence[str],
    out: str,
    build: Callable[[], Stylizer],
    *,
    batch: int = 8,
    workers: int = 1,
    gpus: float = 0,
    suffix: str = ".png",
) -> Any:
    """A Ray dataset that writes results on the workers: rows of ``path, target, error``, computed as they are consumed.

    Pictures whose result exists are left out, so that the same call goes on after an interruption and tries again what failed.

    Args:
        source: pictures or folders of pictures, on this machine or at addresses that pyarrow opens (``s3://``, ``gs://``).
        out: a folder that all workers reach, or such an address; it gets the folders of the pictures.
        build: makes the stylizer; it runs once on each worker.
        batch: pictures that are drawn at once.
        workers: number of copies of the networks.
        gpus: GPUs of each worker.
        suffix: format of the results.

    Raises:
        PasticheError: Ray is not installed.
        ImageError: the source holds no pictures, two pictures have the same target, or an address can't be opened.
    """
    ray = _ray()
    if not out:
        raise ImageError("out is empty: give a folder, or an address such as s3://bucket/drawn")
    place, roots, pictures = pictures_at([source] if isinstance(source, str) else source)
    targets = Targets(place_at(out), roots, suffix)
    missing = targets.missing(pictures)
    if not missing:
        return ray.data.from_items([])
    return _mapped(ray, missing, place.system, WriteRows, (build, targets), batch, workers, gpus)


def _ray() -> Any:
    try:
        import ray.data  # noqa: PLC0415 (an extra, and large)
    except ImportError as error:
        raise PasticheError('many machines need Ray, which is not installed: pip install "pastiche[scale]"') from error
    return ray


def _mapped(
    ray: Any, paths: str | list[str], system: Any, rows: type, arguments: tuple[Any, ...], batch: int, workers: int, gpus: float
) -> Any:
    """The files at paths, through a class of which each worker has an instance."""
    # Workers may hold every CPU core for as long as they live: if reading had to wait for one, it would wait for ever.
    read = ray.data.read_binary_files(
        paths, include_paths=True, filesystem=system, ray_remote_args={"num_cpus": 0}, concurrency=workers
    )
    return read.map_batches(
        rows,
        fn_constructor_args=arguments,
        batch_size=batch,
        concurrency=workers,
        num_gpus=gpus,
        max_restarts=-1,
        max_task_retries=-1,
    )
