"""Files of ``torch.save``, read without running code from them and without reading their tensors.

``torch.load(weights_only=True)`` runs no code either, but it allocates whatever a file asks for: a file of 357 bytes that
claims a storage of 64 GB makes PyTorch 2.13 allocate 64 GB. It also copies every tensor before anyone knows whether the file
is the right one. This reader checks each size against the file before it allocates memory, and returns plain containers of
tensors that are views of the file. `inspect` reads little more than the names, and `load` copies each weight once, into its
module. A test compares the two readers on the golden files.
"""

from pathlib import Path
from typing import Any

from ...errors import CheckpointError
from .archive import Record, read_directory
from .budget import Budget
from .legacy import read_legacy
from .storages import STORAGE_TYPES, Storage, rebuild_parameter, rebuild_tensor, storage_id
from .unpickler import Allowed, Globals, Misfit, PlainDict, Unpickler

__all__ = ["read_archive", "read_legacy_file"]


class Namespace(dict[str, Any]):
    """An ``argparse.Namespace``: the options of a training script."""

    def build(self, state: object) -> None:
        """Set the options.

        Raises:
            Misfit: they have no names.
        """
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            raise Misfit("holds training options without names; save it again without them")
        self.update(state)


def _nothing(make: type) -> Any:
    """A function that creates an empty container and takes no arguments."""

    def call(arguments: tuple[Any, ...]) -> Any:
        if arguments:
            raise Misfit(f"fills a {make.__name__} in an unknown way; save it again with a later PyTorch")
        return make()

    return call


def _pairs(arguments: tuple[Any, ...]) -> PlainDict:
    """An OrderedDict: empty, or with its items in the form of Python 2, ``[[key, value], ...]``."""
    match arguments:
        case ():
            return PlainDict()
        case (list() as items,) if all(
            isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in items
        ):
            return PlainDict((key, value) for key, value in items)
    raise Misfit("fills an OrderedDict in an unknown way; save it again with a later PyTorch")


def _members(arguments: tuple[Any, ...]) -> set[Any]:
    """A set, whose members are given as one list."""
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
    """A ``torch.device`` as its name; tensors are always loaded to the CPU."""
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


def read_archive(path: Path, data: memoryview, budget: Budget) -> Any:
    """Read a zip archive of ``torch.save``, with tensors that are views of it.

    Args:
        path: path of the file.
        data: the bytes of the file, in writable memory.
        budget: of the file.

    Raises:
        UnsafeCheckpointError: it asks for more than tensors and plain containers.
        CheckpointError: it is damaged, or another kind of zip archive.
    """
    records = read_directory(data, path, budget)
    pickled = records.get("data.pkl")
    if pickled is None or "constants.pkl" in records:
        what = "a TorchScript model, which is a program" if pickled else "a zip archive without a checkpoint in it"
        raise CheckpointError(f"{path}: is {what}; expected what torch.save writes: get the state dict instead")
    order = records.get("byteorder")
    if order is not None and bytes(_of(data, order)[:16]) != b"little":
        raise CheckpointError(f"{path}: was written on a big-endian machine; save it again on a little-endian one")
    archive = _Archive(data, records)
    return Unpickler(_of(data, pickled), {**STORAGE_TYPES, **ALLOWED}, str(path), budget, persistent=archive.storage).load()


def _of(data: memoryview, record: Record) -> memoryview:
    return data[record.start : record.start + record.size]


class _Archive:
    """The storages of an archive by name, each created once."""

    def __init__(self, data: memoryview, records: dict[str, Record]) -> None:
        self.data = data
        self.records = records
        self.storages: dict[str, Storage] = {}

    def storage(self, key: object) -> Storage:
        """The storage that a pickle refers to.

        Raises:
            Misfit: it is missing, or has another size.
        """
        kind, name, count = storage_id(key)
        found = self.storages.get(name)
        if found is None or (found.dtype, found.count) != (kind.dtype, count):
            found = self._find(name, Storage(kind.dtype, count))
        return found

    def _find(self, name: str, storage: Storage) -> Storage:
        record = self.records.get(f"data/{name}")
        if record is None or record.size != storage.size:
            size = "none" if record is None else f"one of {record.size} bytes"
            raise Misfit(f"expected a storage {name[:40]!r} of {storage.size} bytes, found {size}; download the file again")
        storage.find(_of(self.data, record))
        self.storages[name] = storage
        return storage


def read_legacy_file(path: Path, data: memoryview, budget: Budget) -> Any:
    """Read a file of ``torch.save`` before PyTorch 1.6, with tensors that are views of it.

    Raises:
        UnsafeCheckpointError, CheckpointError: as for `read_archive`.
    """
    return read_legacy(data, ALLOWED, str(path), budget)
