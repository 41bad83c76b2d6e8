"""Files of ``torch.save``, behind two walls.

The first is a reader of our own, which goes through the whole pickle, refuses every global and every
size that has no business in a checkpoint, and builds nothing. The second is
``torch.load(weights_only=True)``, which maps the tensors from the disk where the format allows it.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from ...errors import CheckpointError
from .archive import Record, read_directory
from .legacy import read_legacy
from .storages import STORAGE_TYPES, Storage, rebuild_parameter, rebuild_tensor, storage_id
from .unpickler import Allowed, Bag, Budget, Globals, Misfit, Unpickler

__all__ = ["read_archive", "read_legacy_file"]

PROTOCOL = 2  # of the pickles that torch.save writes, and the only one that weights_only reads
LARGEST_PICKLE = 64 * 2**20


class Namespace(dict[str, Any]):
    """An ``argparse.Namespace``: the options of a training script."""

    def build(self, state: object) -> None:
        """Take the options.

        Raises:
            Misfit: they have no names.
        """
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise Misfit("holds training options without names; save it again without them")
        self.update(state)


def _nothing(make: type) -> Any:
    """A function that makes an empty container and takes no arguments."""

    def call(arguments: tuple[Any, ...]) -> Any:
        if arguments:
            raise Misfit(f"fills a {make.__name__} in an unknown way; save it again with a later PyTorch")
        return make()

    return call


def _pairs(arguments: tuple[Any, ...]) -> Bag:
    """An OrderedDict: empty, or with its items as Python 2 wrote them, ``[[key, value], ...]``."""
    match arguments:
        case ():
            return Bag()
        case (list() as items,) if all(
            isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in items
        ):
            return Bag((key, value) for key, value in items)
    raise Misfit("fills an OrderedDict in an unknown way; save it again with a later PyTorch")


def _members(arguments: tuple[Any, ...]) -> set[Any]:
    """A set, whose members come as one list."""
    match arguments:
        case (list() as members,) if all(isinstance(member, str | int | float | None) for member in members):
            return set(members)
    raise Misfit("fills a set in an unknown way; save it again with a later PyTorch")


def _sizes(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """A ``torch.Size``."""
    match arguments:
        case (tuple() as sizes,) if all(isinstance(size, int) for size in sizes):
            return sizes
    raise Misfit("fills a torch.Size in an unknown way; save it again with a later PyTorch")


def _device(arguments: tuple[Any, ...]) -> str:
    """A ``torch.device``, of which the name is enough: nothing is ever loaded to where it was."""
    match arguments:
        case (str() as kind, *rest) if len(rest) < 2 and all(isinstance(index, int) for index in rest):
            return kind
    raise Misfit("names a torch.device in an unknown way; save it again with a later PyTorch")


ALLOWED: Globals = {
    ("collections", "OrderedDict"): Allowed("collections.OrderedDict", _pairs),
    ("argparse", "Namespace"): Allowed("argparse.Namespace", _nothing(Namespace)),
    ("__builtin__", "set"): Allowed("set", _members),
    ("torch", "Size"): Allowed("torch.Size", _sizes),
    ("torch", "device"): Allowed("torch.device", _device),
    ("torch._utils", "_rebuild_tensor_v2"): Allowed("torch._utils._rebuild_tensor_v2", rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): Allowed("torch._utils._rebuild_parameter", rebuild_parameter),
}


def read_archive(path: Path, data: memoryview) -> Any:
    """What a zip archive of ``torch.save`` holds, with its tensors mapped from the disk.

    Args:
        path: of the file.
        data: the file's bytes.

    Raises:
        UnsafeCheckpointError: it asks for more than tensors and plain containers.
        CheckpointError: it is damaged, or something else in a zip archive.
    """
    records = read_directory(data, path)
    pickled = records.get("data.pkl")
    if pickled is None or "constants.pkl" in records:
        what = "a TorchScript model, which is a program" if pickled else "a zip archive without a checkpoint in it"
        raise CheckpointError(f"{path}: is {what}; expected what torch.save writes: get the state dict instead")
    if pickled.size > LARGEST_PICKLE:
        raise CheckpointError(f"{path}: describes its tensors in {pickled.size} bytes, more than any checkpoint; get it anew")
    _scan(path, data[pickled.start : pickled.start + pickled.size], records)
    return _load(path, mmap=True)


def _scan(path: Path, pickled: memoryview, records: dict[str, Record]) -> None:
    def storage(key: object) -> Storage:
        kind, name, count = storage_id(key)
        found = Storage(kind.dtype, count)
        record = records.get(f"data/{name}")
        if record is None or record.size != found.size:
            size = "none" if record is None else f"one of {record.size} bytes"
            raise Misfit(f"announces a storage {name[:40]!r} of {found.size} bytes and holds {size}; download the file again")
        return found

    reader = Unpickler(pickled, {**STORAGE_TYPES, **ALLOWED}, str(path), Budget(), persistent=storage)
    reader.load()
    _expect_protocol(path, reader.protocol)


def _expect_protocol(path: Path, protocol: int) -> None:
    if protocol != PROTOCOL:
        raise CheckpointError(
            f"{path}: is a pickle of protocol {protocol}, and torch.load(weights_only=True) reads {PROTOCOL} alone; "
            "save it again with torch.save's defaults"
        )


def read_legacy_file(path: Path, data: memoryview) -> Any:
    """What a file of ``torch.save`` before PyTorch 1.6 holds; this format can't be mapped, so all of it is read.

    Raises:
        UnsafeCheckpointError, CheckpointError: as `read_archive`.
    """
    _, protocol = read_legacy(data, ALLOWED, str(path), Budget())
    _expect_protocol(path, protocol)
    return _load(path, mmap=False)


def _load(path: Path, *, mmap: bool) -> Any:
    try:
        with torch.inference_mode(False), torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(str(path), map_location="cpu", weights_only=True, mmap=mmap)
    except Exception as error:  # a damaged file can make it raise anything
        reason = str(error).rpartition("WeightsUnpickler error: ")[2].strip().partition("\n")[0][:200]
        raise CheckpointError(f"{path}: torch.load(weights_only=True) can't read it ({reason}); save it anew") from error
