"""Storages, and tensors that are views of them, as described in pickles of ``torch.save`` and NVlabs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor

from .unpickler import Allowed, Globals, Misfit

__all__ = ["STORAGE_TYPES", "Storage", "rebuild_parameter", "rebuild_tensor", "storage_id"]

DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}

MOST_AXES = 8
LONGEST_AXIS = 2**31
EXPANDED = 2**20  # elements: small tensors may expand their storage, large ones may not


class StorageType(Allowed):
    """The class of a storage, which determines the type of its elements."""

    def __init__(self, name: str, dtype: torch.dtype) -> None:
        super().__init__(name)
        self.dtype = dtype


STORAGE_TYPES: Globals = {
    **{("torch", name): StorageType(f"torch.{name}", dtype) for name, dtype in DTYPES.items()},
    ("torch.storage", "UntypedStorage"): StorageType("torch.storage.UntypedStorage", torch.uint8),
}


@dataclass
class Storage:
    """A one-dimensional array of elements of one type.

    Attributes:
        dtype: type of the elements.
        count: number of elements.
        elements: ``[count]``, or None until their position is known.
        waiting: views created before that, with offset, size and stride.
    """

    dtype: torch.dtype
    count: int
    elements: Tensor | None = None
    waiting: list[tuple[Tensor, int, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.count * self.dtype.itemsize

    def find(self, data: memoryview) -> None:
        """Set the position of the bytes, and update the views created before."""
        empty = torch.empty(0, dtype=self.dtype, device="cpu")
        self.elements = torch.frombuffer(data, dtype=self.dtype) if self.count else empty
        for view, offset, size, stride in self.waiting:
            view.set_(self.elements.untyped_storage(), offset, size, stride)
        self.waiting.clear()


def storage_id(key: object) -> tuple[StorageType, str, int]:
    """Type, name and number of elements of a storage outside of the pickle.

    Raises:
        Misfit: `key` does not describe a storage.
    """
    match key:
        case ("storage", StorageType() as kind, str() as name, str(), int() as count, *rest) if (
            rest in ([], [None]) and count >= 0
        ):
            return kind, name, count
    raise Misfit("refers to an external object that is not a storage; save it again with a newer PyTorch")


def rebuild_tensor(arguments: tuple[Any, ...]) -> Tensor:
    """``torch._utils._rebuild_tensor_v2``: a view of a storage.

    Args:
        arguments: storage, offset, size and stride; the others are ignored.

    Raises:
        Misfit: the view extends beyond its storage, or claims to be much larger than it.
    """
    match arguments:
        case (Storage() as storage, int() as offset, tuple() as size, tuple() as stride, *_):
            _check_view(storage, offset, size, stride)
            return _view(storage, offset, size, stride)
    raise Misfit("describes a tensor in an unknown way; save it again with a newer PyTorch")


def _check_view(storage: Storage, offset: int, size: Sequence[object], stride: Sequence[object]) -> None:
    numbers = [value for value in (*size, *stride, offset) if type(value) is int and 0 <= value < LONGEST_AXIS]
    if len(numbers) != len(size) + len(stride) + 1 or len(size) != len(stride) or len(size) > MOST_AXES:
        raise Misfit("holds a tensor with an invalid size; download the file again")
    sides, steps = numbers[: len(size)], numbers[len(size) : -1]
    last = offset + sum((side - 1) * step for side, step in zip(sides, steps, strict=True)) + 1 if prod(sides) else 0
    if last > storage.count or prod(sides) > max(storage.count, EXPANDED):
        raise Misfit(
            f"holds a tensor that claims the shape {sides}, and its storage has {storage.count} elements; "
            "download the file again"
        )


def _view(storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    if not storage.count:
        return torch.empty(size, dtype=storage.dtype, device="cpu")
    if storage.elements is not None:
        return storage.elements.as_strided(size, stride, offset)
    view = torch.empty(0, dtype=storage.dtype, device="cpu")
    storage.waiting.append((view, offset, size, stride))
    return view


def rebuild_parameter(arguments: tuple[Any, ...]) -> Tensor:
    """``torch._utils._rebuild_parameter``: the tensor of a parameter.

    Raises:
        Misfit: it holds no tensor.
    """
    match arguments:
        case (Tensor() as tensor, *_):
            return tensor
    raise Misfit("holds a parameter without a tensor; download the file again")
