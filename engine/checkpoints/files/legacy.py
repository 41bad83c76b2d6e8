"""The format of ``torch.save`` before PyTorch 1.6, which NVlabs pickles still use for each storage.

It consists of five pickles (a magic number, a version, the sizes of the writer's types, the object, the names of its
storages), followed by the storages: eight bytes with the number of elements, and the elements.
"""

from dataclasses import dataclass
from typing import Any

from ...errors import CheckpointError
from .budget import Budget
from .storages import STORAGE_TYPES, Storage, storage_id
from .unpickler import Globals, Misfit, Unpickler

__all__ = ["read_legacy"]

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


@dataclass
class _Stream:
    """Reads consecutive pickles, and the storages that they refer to."""

    data: memoryview
    where: str
    budget: Budget
    storages: dict[str, Storage]

    def pickle(self, allowed: Globals) -> Any:
        reader = Unpickler(self.data, allowed, self.where, self.budget, persistent=self.storage)
        value = reader.load()
        self.data = self.data[reader.position :]
        return value

    def storage(self, key: object) -> Storage:
        kind, name, count = storage_id(key)
        storage = self.storages.setdefault(name, Storage(kind.dtype, count))
        if (storage.dtype, storage.count) != (kind.dtype, count):
            raise Misfit(f"gives contradictory sizes for its storage {name!r}; download the file again")
        return storage

    def fill(self, name: object) -> None:
        """Locate the bytes of the next storage."""
        storage = self.storages.get(name) if isinstance(name, str) else None
        if storage is None or storage.elements is not None:
            raise CheckpointError(f"{self.where}: lists an unused or duplicate storage; download the file again")
        count, end = int.from_bytes(self.data[:8], "little"), 8 + storage.size
        if count != storage.count or end > len(self.data):
            raise CheckpointError(
                f"{self.where}: expected a storage of {storage.size} bytes, and {max(len(self.data) - 8, 0)} follow; "
                "download the file again"
            )
        storage.find(self.data[8:end])
        self.data = self.data[end:]


def read_legacy(data: memoryview, allowed: Globals, where: str, budget: Budget) -> Any:
    """Read the object in a legacy stream, with tensors that are views of it.

    Args:
        data: the whole stream, in writable memory.
        allowed: the globals that the object may name; storages are always allowed.
        where: the file, for messages.
        budget: of the file.

    Raises:
        CheckpointError: the stream is damaged, or contradicts itself.
    """
    stream = _Stream(data, where, budget, {})
    magic, version, system = (stream.pickle({}) for _ in range(3))
    if magic != MAGIC or version != VERSION or not isinstance(system, dict) or system.get("little_endian") is not True:
        raise CheckpointError(
            f"{where}: was written by an unsupported version of PyTorch or on a big-endian machine; save it again"
        )
    root = stream.pickle({**STORAGE_TYPES, **allowed})
    names = stream.pickle({})
    if not isinstance(names, list) or len(names) != len(stream.storages):
        raise CheckpointError(f"{where}: the list of its storages is inconsistent; download the file again")
    for name in names:
        stream.fill(name)
    if stream.data:
        raise CheckpointError(f"{where}: {len(stream.data)} bytes follow its last storage; download the file again")
    return root
