"""A memory-mapped file, and the reader that copies its tensors into modules.

Readers slice, transpose and rename tensors that are views of the mapping. Views take no memory and their values are not read.
To load a tensor, `TensorReader` computes its position in the file from its address and reads the bytes from there into the
module's memory. Thus neither pages of the mapping nor a copy of them stay in memory beside the module.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import torch
from torch import Tensor

from ...errors import CheckpointError

__all__ = ["MappedFile", "TensorReader"]

CHUNK = 4 * 2**20  # bytes per read if a tensor can't be read in place


class MappedFile:
    """The bytes of a file.

    Attributes:
        path: path of the file.
        data: its bytes, mapped copy-on-write: writing to them does not change the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._identity = _identity(file.fileno())
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path}: can't be opened ({error}); check the path and its permissions") from error
        self.data = memoryview(self._map)

    @contextmanager
    def tensors(self) -> Iterator["TensorReader"]:
        """A reader for tensors that are views of `data`. Releases the pages that were read so far.

        Raises:
            CheckpointError: the file changed after it was opened.
        """
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
        try:
            with FileIO(self.path) as file:
                if _identity(file.fileno()) != self._identity:
                    raise self.changed()
                yield TensorReader(self, file)
        except OSError as error:
            raise CheckpointError(f"{self.path}: can't be read ({error}); check the disk, and load it again") from error

    def changed(self) -> CheckpointError:
        return CheckpointError(f"{self.path}: was replaced or changed while it was being read; load it again")


def _identity(descriptor: int) -> tuple[int, ...]:
    facts = os.fstat(descriptor)
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


class TensorReader:
    """Reads tensors from an open file into existing memory."""

    def __init__(self, mapped: MappedFile, file: FileIO) -> None:
        self.mapped = mapped
        self.file = file
        self.first = torch.frombuffer(mapped.data, dtype=torch.uint8).data_ptr()
        self.buffer = torch.empty(CHUNK, dtype=torch.uint8)

    def read(self, target: Tensor, source: Tensor) -> None:
        """Copy the values of `source` to `target`, which has the same shape but maybe another dtype or memory layout."""
        start, size = source.data_ptr() - self.first, _extent(source)
        if not size:
            return
        if not 0 <= start <= len(self.mapped.data) - size:
            target.copy_(source)  # created by the format's reader, not a view of the file
        elif _same_layout(target, source):
            self._fill(target.as_strided((target.numel(),), (1,)).view(torch.uint8), start)
        else:
            self._convert(target, source)

    def _convert(self, target: Tensor, source: Tensor) -> None:
        """Read through the buffer, piece by piece."""
        size = _extent(source)
        if size > CHUNK:
            axis = max((axis for axis, side in enumerate(source.shape) if side > 1), key=source.stride)
            half = source.shape[axis] // 2
            for begin, length in ((0, half), (half, source.shape[axis] - half)):
                self._convert(target.narrow(axis, begin, length), source.narrow(axis, begin, length))
            return
        piece = self.buffer[:size]
        self._fill(piece, source.data_ptr() - self.first)
        target.copy_(piece.view(source.dtype).as_strided(source.shape, source.stride()))

    def _fill(self, target: Tensor, start: int) -> None:
        """Read bytes from offset `start` until the buffer ``[bytes]`` is full."""
        rest = target.numpy().data
        self.file.seek(start)
        while rest:
            count = self.file.readinto(rest)
            if not count:
                raise self.mapped.changed()
            rest = rest[count:]


def _extent(tensor: Tensor) -> int:
    """Bytes from the first to the last element of a tensor."""
    if not tensor.numel():
        return 0
    steps = sum((side - 1) * step for side, step in zip(tensor.shape, tensor.stride(), strict=True))
    return (steps + 1) * tensor.element_size()


def _same_layout(target: Tensor, source: Tensor) -> bool:
    """Whether both have the same bytes in the same order, without gaps."""
    dense = _extent(source) == source.nbytes == _extent(target)
    ordered = source.stride() == target.stride() or (source.is_contiguous() and target.is_contiguous())
    return source.dtype == target.dtype and dense and ordered
