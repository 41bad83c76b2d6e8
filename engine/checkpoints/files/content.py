"""What a file holds, before anyone has said what it means."""

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
    """A file that has been opened, and little of it read.

    Its tensors are views of the file, to be cut, turned and looked at where they are small, and never to be
    written to: what is loaded is what the file holds at their address.

    Attributes:
        file: whose views the tensors are.
        root: plain containers with tensors at the leaves.
        metadata: the text in a .safetensors header.
    """

    file: MappedFile
    root: Mapping[Any, Any]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.file.path

    @property
    def size(self) -> int:
        """Of the file in bytes."""
        return len(self.file.data)


def state_dict(value: object) -> StateDict | None:
    """`value`, if it is a state dict: at least one tensor, each under a name."""
    if not isinstance(value, dict) or not value:
        return None
    named = all(isinstance(key, str) and isinstance(tensor, Tensor) for key, tensor in value.items())
    return dict(value) if named else None


def stripped(state: StateDict, prefix: str) -> StateDict:
    """The tensors whose name begins with `prefix`, without it."""
    return {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
