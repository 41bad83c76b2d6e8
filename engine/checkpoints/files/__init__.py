"""Opening a checkpoint file: what it holds, as plain containers of tensors, and nothing run."""

import mmap
from pathlib import Path
from typing import Any

from ...errors import CheckpointError
from .content import Content, StateDict, state_dict, stripped
from .kinds import expect_file, kind_of
from .nvlabs_pickle import Record, read_nvlabs
from .safetensors_file import read_safetensors
from .torch_files import read_archive, read_legacy_file

__all__ = ["Content", "Record", "StateDict", "open_file", "state_dict", "stripped"]

READERS = {"zip": read_archive, "legacy": read_legacy_file, "pickle": read_nvlabs}


def open_file(path: Path) -> Content:
    """Open a file of any format that is known, by its first bytes.

    Raises:
        UnsafeCheckpointError: it asks for code to be run.
        CheckpointError: it is missing, damaged, or no checkpoint.
    """
    expect_file(path)
    data = _mapped(path)
    kind = kind_of(path, data)
    metadata: Any = {}
    if kind == "safetensors":
        root, metadata = read_safetensors(path, data)
    else:
        root = READERS[kind](path, data)
    if not isinstance(root, dict):
        raise CheckpointError(
            f"{path}: holds a {type(root).__name__}; expected a dict of networks, or of tensors by their names"
        )
    return Content(path=path, size=len(data), root=root, metadata=metadata)


def _mapped(path: Path) -> memoryview:
    """The file's bytes, read when they are looked at; changes to them would stay in memory."""
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    except OSError as error:
        raise CheckpointError(f"{path}: can't be opened ({error}); check the path and its permissions") from error
