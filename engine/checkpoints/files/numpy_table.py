"""Tables of arrays that ``numpy.save`` wrote: a dict in an object array, which is a pickle within a .npy file.

NumPy reads such a file by running the pickle. This reader supports only the globals that describe arrays of floating point
numbers, in the spelling of NumPy 1 and 2, and refuses all others.
"""

import re
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...errors import CheckpointError
from .budget import Budget
from .kinds import expect_file
from .mapped import MappedFile
from .unpickler import Allowed, Globals, Misfit, Unpickler

__all__ = ["NUMPY_MAGIC", "read_table"]

NUMPY_MAGIC = b"\x93NUMPY"
LENGTHS = {1: 2, 2: 4, 3: 4}  # bytes of the header's length, by version of the format
LONGEST_HEADER = 4096
OBJECT_HEADER = re.compile(rb"\{'descr': '\|O', 'fortran_order': (True|False), 'shape': \(\), \}\s*")
DTYPES = {"f2": torch.float16, "f4": torch.float32, "f8": torch.float64}

EXPECTED = "expected a table of style codes like DualStyleGAN's exstyle_code.npy"


class ArrayType:
    """A ``numpy.dtype``."""

    def __init__(self, code: str) -> None:
        self.code = code

    def build(self, state: object) -> None:
        """Check the byte order.

        Raises:
            Misfit: the byte order is not little-endian, or the state is malformed.
        """
        match state:
            case (int(), "<" | "|" | "=", *_):
                return
        raise Misfit("holds an array in an unsupported byte order; save it again on a little-endian machine")


class Array:
    """A ``numpy.ndarray``.

    Attributes:
        value: its numbers as a tensor, or the single object that it holds; None before it is built.
    """

    def __init__(self) -> None:
        self.value: Any = None

    def build(self, state: object) -> None:
        """Set the contents.

        Raises:
            Misfit: they are neither floating point numbers that match the shape, nor a single object.
        """
        match state:
            case (int(), (), ArrayType(code="O8"), bool(), [value]):
                self.value = value
            case (int(), tuple() as shape, ArrayType() as kind, False, bytes() | memoryview() as data):
                self.value = _tensor(shape, kind, data)
            case _:
                raise Misfit(f"holds an array that is not contiguous numbers; {EXPECTED}")


def _tensor(shape: tuple[Any, ...], kind: ArrayType, data: bytes | memoryview) -> Tensor:
    dtype = DTYPES.get(kind.code)
    if dtype is None:
        raise Misfit(f"holds an array of the type {kind.code[:8]!r}; {EXPECTED}")
    sizes = all(type(side) is int and side > 0 for side in shape)
    if not sizes or prod(shape) * dtype.itemsize != len(data):
        raise Misfit(f"holds an array whose {len(data)} bytes do not match its shape; download the file again")
    return torch.frombuffer(bytearray(data), dtype=dtype).view(shape)


def _array_type(arguments: tuple[Any, ...]) -> ArrayType:
    match arguments:
        case (str() as code, *_):
            return ArrayType(code)
    raise Misfit("describes the dtype of an array in an unknown way; download the file again")


def _array(_arguments: tuple[Any, ...]) -> Array:
    return Array()


ALLOWED: Globals = {
    ("numpy", "dtype"): Allowed("numpy.dtype", _array_type),
    ("numpy", "ndarray"): Allowed("numpy.ndarray"),
    **{
        (f"numpy.{core}.multiarray", "_reconstruct"): Allowed(f"numpy.{core}.multiarray._reconstruct", _array)
        for core in ("core", "_core")
    },
}


def read_table(path: Path) -> dict[str, Tensor]:
    """Read the arrays of a .npy file by name, in the order in which they were written.

    Raises:
        UnsafeCheckpointError: it asks for code to be run; nothing was run.
        CheckpointError: it is missing, damaged, or holds something else.
    """
    expect_file(path)
    data = MappedFile(path).data
    budget = Budget(str(path), len(data))
    reader = Unpickler(_pickle(path, data), ALLOWED, str(path), budget)
    root = reader.load()
    table = root.value if isinstance(root, Array) else None
    if not isinstance(table, dict) or not table:
        raise CheckpointError(f"{path}: does not hold a table; {EXPECTED}")
    wrong = [name for name, array in table.items() if not isinstance(name, str) or not _is_tensor(array)]
    if wrong:
        raise CheckpointError(f"{path}: its entry {str(wrong[0])[:60]!r} is not a named array of numbers; {EXPECTED}")
    return {name: array.value for name, array in table.items()}


def _is_tensor(array: object) -> bool:
    return isinstance(array, Array) and isinstance(array.value, Tensor)


def _pickle(path: Path, data: memoryview) -> memoryview:
    """The bytes after the header."""
    head = bytes(data[: len(NUMPY_MAGIC) + 6])
    width = LENGTHS.get(head[6]) if head.startswith(NUMPY_MAGIC) and len(head) == len(NUMPY_MAGIC) + 6 else None
    if width is None:
        raise CheckpointError(f"{path}: is not a .npy file; {EXPECTED}")
    begin = 8 + width
    end = begin + int.from_bytes(head[8:begin], "little")
    header = bytes(data[begin : min(end, begin + LONGEST_HEADER)])
    if not OBJECT_HEADER.fullmatch(header):
        raise CheckpointError(f"{path}: is a NumPy array of another kind ({ascii(header[:60])[2:-1]}); {EXPECTED}")
    return data[end:]
