"""Files of the safetensors format: a header in JSON, and tensors."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open

from ...errors import CheckpointError
from .content import StateDict

__all__ = ["read_safetensors"]

LARGEST_HEADER = 2 * 2**20  # the largest published checkpoint needs a tenth


def read_safetensors(path: Path, data: memoryview) -> tuple[StateDict, Mapping[str, str]]:
    """Tensors, mapped from the disk, and the text in the header.

    Raises:
        CheckpointError: the header does not fit the file.
    """
    header = int.from_bytes(data[:8], "little")
    if header > LARGEST_HEADER:
        raise CheckpointError(f"{path}: has a header of {header} bytes, larger than any checkpoint's; download the file again")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except Exception as error:  # a damaged file can make it raise anything
        raise CheckpointError(f"{path}: is no complete .safetensors file ({error}); download the file again") from error
