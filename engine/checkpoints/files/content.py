"""The raw contents of a file, before a format interprets them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from .mapped import MappedFile

__all__ = ["Content", "StateDict", "state_dict", "stripped"]

StateDict = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Content:
    """An open file, most of which is unread.

    Its tensors are views of the file. Readers may slice and transpose them, and read small ones, but must never write to them:
    loading reads the bytes of the file at their address.

    Attributes:
        file: the file that the tensors are views of.
        root: plain containers with tensors at the leaves.
        metadata: text of a .safetensors header.
    """

    file: MappedFile
    root: Mapping[Any, Any]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.file.path

    @property
    def size(self) -> int:
        """Size of the file in bytes."""
        return len(self.file.data)


def state_dict(value: object) -> StateDict | None:
    """`value` if it is a state dict: a dict with at least one tensor, and tensors under text keys only; otherwise None."""
    if not isinstance(value, dict) or not value:
        return None
    named = all(isinstance(key, str) and isinstance(tensor, Tensor) for key, tensor in value.items())
    return dict(value) if named else None


def stripped(state: StateDict, prefix: str) -> StateDict:
    """The tensors whose names begin with `prefix`, without the prefix."""
    return {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
