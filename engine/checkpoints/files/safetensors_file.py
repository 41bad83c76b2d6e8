"""Files in the safetensors format: a JSON header, and tensors."""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from ...errors import CheckpointError
from .budget import OBJECT, Budget
from .content import StateDict

__all__ = ["read_safetensors"]

LARGEST_HEADER = 2**20  # bytes; the largest published checkpoint needs a fifth
LONGEST_METADATA = 2**17
MOST_AXES = 8
METADATA = "__metadata__"

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_safetensors(path: Path, data: memoryview, budget: Budget) -> tuple[StateDict, Mapping[str, str]]:
    """Read the tensors, as views of `data`, and the text of the header.

    Args:
        path: path of the file.
        data: the bytes of the file, in writable memory.
        budget: of the file.

    Raises:
        CheckpointError: the header does not match the file.
    """
    size = int.from_bytes(data[:8], "little")
    if size > LARGEST_HEADER:
        raise CheckpointError(f"{path}: has a header of {size} bytes, larger than any checkpoint's; download the file again")
    _check(path, budget)
    try:
        header = json.loads(bytes(data[8 : 8 + size]))
        metadata = header.pop(METADATA, None) or {}
        tensors = data[8 + size :]
        return {name: _view(tensors, facts) for name, facts in header.items()}, metadata
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _incomplete(path, error) from error


def _check(path: Path, budget: Budget) -> None:
    """Let the safetensors package validate the header first."""
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            count = len(file.keys())
    except Exception as error:  # a damaged file can make it raise anything
        raise _incomplete(path, error) from error
    budget.take(2 * OBJECT * count)
    if sum(len(key) + len(text) for key, text in metadata.items()) > LONGEST_METADATA:
        raise CheckpointError(f"{path}: has more text in its header than any checkpoint; download the file again")


def _incomplete(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path}: is not a complete .safetensors file ({str(error)[:200]}); download the file again")


def _view(data: memoryview, facts: Mapping[str, Any]) -> Tensor:
    """A view with the dtype, shape and position from the header."""
    dtype, shape, (begin, end) = DTYPES[facts["dtype"]], tuple(facts["shape"]), facts["data_offsets"]
    if len(shape) > MOST_AXES or end - begin != prod(shape) * dtype.itemsize or not 0 <= begin <= end <= len(data):
        raise ValueError(f"a tensor of the shape {list(shape)} has {end - begin} bytes")
    if begin == end:
        return torch.empty(shape, dtype=dtype, device="cpu")
    return torch.frombuffer(data[begin:end], dtype=dtype).view(shape)
