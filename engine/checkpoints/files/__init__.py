"""Open a checkpoint file as plain containers of tensors, without running code from it."""

from pathlib import Path
from typing import Any

from torch import Tensor

from ...errors import CheckpointError
from .budget import Budget
from .content import Content, StateDict, state_dict, stripped
from .kinds import expect_file, kind_of
from .mapped import MappedFile, TensorReader
from .nvlabs_pickle import Record, read_nvlabs
from .safetensors_file import read_safetensors
from .torch_files import read_archive, read_legacy_file

__all__ = ["Content", "Record", "StateDict", "TensorReader", "open_file", "open_tensors", "state_dict", "stripped"]

READERS = {"zip": read_archive, "legacy": read_legacy_file, "pickle": read_nvlabs}


def open_file(path: Path) -> Content:
    """Open a file of any known kind, recognized by its first bytes.

    Raises:
        UnsafeCheckpointError: it asks for code to be run; nothing was run.
        CheckpointError: it is missing, damaged, or not a checkpoint.
    """
    file, root, metadata = _read(path)
    if not isinstance(root, dict):
        raise CheckpointError(f"{path}: holds a {type(root).__name__}; expected a dict of networks or of named tensors")
    return Content(file=file, root=root, metadata=metadata)


def open_tensors(path: Path) -> Tensor | StateDict:
    """One tensor, or a dict of tensors, which a file of any format that is known holds; copied into memory.

    Raises:
        UnsafeCheckpointError: it asks for code to be run.
        CheckpointError: it is missing, damaged, or holds anything else.
    """
    _, root, _ = _read(path)
    if isinstance(root, Tensor):
        return root.clone()
    named = state_dict(root)
    if named is None:
        raise CheckpointError(f"{path}: holds a {type(root).__name__}; expected one tensor, or tensors by their names")
    return {name: tensor.clone() for name, tensor in named.items()}


def _read(path: Path) -> tuple[MappedFile, Any, Any]:
    """The file, what it holds, and the text in a .safetensors header."""
    expect_file(path)
    file = MappedFile(path)
    kind, budget = kind_of(path, file.data), Budget(str(path), len(file.data))
    if kind == "safetensors":
        return file, *read_safetensors(path, file.data, budget)
    return file, READERS[kind](path, file.data, budget), {}
