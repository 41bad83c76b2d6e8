"""A pickled network: its modules with their tensors and attributes, by dotted names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ...errors import CheckpointError
from ..files import Record, StateDict

__all__ = ["Network", "common_bound", "network_of"]

MOST_MODULES = 2000  # the largest published network has two hundred


@dataclass(frozen=True)
class Network:
    """A pickled network: all its modules by dotted name; the network itself has the empty name."""

    modules: Mapping[str, Record]

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the network itself."""
        return self.modules[""].state

    def values(self, class_name: str, attribute: str) -> list[Any]:
        """Values of an attribute in all modules of a class that have it."""
        states = [record.state for record in self.modules.values() if record.class_name == class_name]
        return [state[attribute] for state in states if attribute in state]

    def state_dict(self) -> StateDict:
        """Parameters and persistent buffers, by dotted name."""
        return {
            f"{name}.{key}".removeprefix("."): tensor
            for name, record in self.modules.items()
            for key, tensor in _own_tensors(record)
        }


def _own_tensors(record: Record) -> Iterator[tuple[str, Tensor]]:
    passing = record.state.get("_non_persistent_buffers_set")
    for table in ("_parameters", "_buffers"):
        for key, tensor in record.state.get(table, {}).items():
            if isinstance(tensor, Tensor) and not (isinstance(passing, set) and key in passing):
                yield key, tensor


def network_of(record: Record, where: str) -> Network:
    """Collect a module and all its submodules, each once.

    Raises:
        CheckpointError: tensors or modules have no names, or there are too many.
    """
    modules: dict[str, Record] = {}
    waiting = [("", record)]
    while waiting:
        name, found = waiting.pop(0)
        _check(found, where)
        modules[name] = found
        waiting += [
            (f"{name}.{key}".removeprefix("."), child)
            for key, child in found.state.get("_modules", {}).items()
            if isinstance(child, Record)
        ]
        if len(modules) + len(waiting) > MOST_MODULES:
            raise CheckpointError(f"{where}: holds more than {MOST_MODULES} modules, or a cycle; download the file again")
    return Network(modules)


def _check(record: Record, where: str) -> None:
    """Refuse a module whose tensors or submodules have no names."""
    for name in ("_parameters", "_buffers", "_modules"):
        table = record.state.get(name, {})
        if not isinstance(table, dict) or not all(isinstance(key, str) for key in table):
            raise CheckpointError(f"{where}: holds a module {record.class_name[:40]!r} without {name}; download the file again")


def common_bound(values: list[Any], where: str) -> float | None:
    """The `conv_clamp` of all layers of a network.

    Raises:
        CheckpointError: the layers differ.
    """
    found = set(values) if all(isinstance(value, int | float | None) for value in values) else {"?"}
    if len(found) > 1 or "?" in found:
        raise CheckpointError(f"{where}: its layers have different values of conv_clamp; expected one")
    bound = next(iter(found), None)
    return None if bound is None else float(bound)
