"""The folder of a video that is being made: what is complete stays, so that interrupted work goes on from there.

It lies beside the output, and is removed with the last step. Each file is written atomically.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import ImageError, NoFaceError, PasticheError
from ..files import replacing
from .reader import VideoSource

__all__ = ["WorkFolder", "source_facts", "work_folder"]

log = logging.getLogger(__name__)

JOB, FACTS = "job.json", "facts"


class WorkFolder:
    """Files of one video.

    Args:
        path: an existing folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def piece(self, kind: str, number: int, suffix: str = ".safetensors") -> Path:
        """The file of a piece of the video: `number` counts from its beginning."""
        return self.path / f"{kind}-{number:06}{suffix}"

    def complete(self, kind: str, suffix: str = ".safetensors") -> int:
        """How many pieces there are without a gap."""
        number = 0
        while self.piece(kind, number, suffix).exists():
            number += 1
        return number

    def save(self, kind: str, number: int, tensors: Mapping[str, Tensor]) -> None:
        """Write a piece."""
        with replacing(self.piece(kind, number), PasticheError) as beside:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, beside)

    def load(self, kind: str, number: int) -> dict[str, Tensor]:
        """Read a piece."""
        with safe_open(self.piece(kind, number), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def note(self, name: str, facts: Mapping[str, Any]) -> None:
        """Write some facts as JSON."""
        with replacing(self.path / f"{name}.json", PasticheError) as beside:
            beside.write_text(json.dumps(facts, sort_keys=True), encoding="utf8")

    def noted(self, name: str) -> dict[str, Any] | None:
        """Facts from `note`, or None."""
        try:
            found: dict[str, Any] = json.loads((self.path / f"{name}.json").read_text(encoding="utf8"))
        except FileNotFoundError:
            return None
        return found


@contextmanager
def work_folder(output: Path, job: Mapping[str, Any]) -> Iterator[WorkFolder]:
    """The folder of the work on `output`: of an interrupted run of the same job, or a new one. Removed at the end, and where
    no face was seen.

    Args:
        output: the file to write.
        job: what the result depends on. Another job's folder is emptied.

    Raises:
        PasticheError: another process is working on this output, or the folder can't be written.
    """
    path = output.with_name(f"{output.name}.work")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ImageError(f"{path} can't be created ({problem.strerror}): choose another folder for the output") from problem
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as problem:
        raise ImageError(f"another process is writing {output}: wait for it, or choose another name") from problem
    try:
        folder, wanted = WorkFolder(path), json.loads(json.dumps(job, sort_keys=True, default=str))
        found = folder.noted("job")
        if found is not None and found != wanted:
            log.warning("%s holds the beginning of another job, which is dropped", path)
            shutil.rmtree(path)
            path.mkdir()
        folder.note("job", wanted)
        try:
            yield folder
        except NoFaceError:  # nothing to go on from
            shutil.rmtree(path)
            raise
        shutil.rmtree(path)
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def source_facts(source: VideoSource) -> dict[str, Any]:
    """What tells whether a source is still the same."""
    if isinstance(source, BytesIO):
        return {"sha256": hashlib.sha256(source.getbuffer()).hexdigest()}
    try:
        found = os.stat(source)
    except OSError as problem:
        raise ImageError(f"{os.fspath(source)} can't be opened: {problem.strerror or problem}") from problem
    return {"source": str(Path(source).resolve()), "bytes": found.st_size, "modified": found.st_mtime_ns}
