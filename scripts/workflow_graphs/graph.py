"""A workflow before it is written down: nodes in columns, connected by wires."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wire:
    """An output of another node, by the node's key and the output's name or number."""

    node: str
    output: str | int = 0


@dataclass(frozen=True)
class Item:
    """A node of a graph. A value of `inputs` that is a `Wire` comes from another node.

    `group` is ``"KIND: TITLE"``; the kind (input, style, face or result) decides where the group stands and its colour.
    """

    key: str
    kind: str
    column: int
    group: str
    inputs: dict[str, Any] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Graph:
    """A workflow: its file's name, the note beside it in Markdown, and its nodes."""

    name: str
    note: str
    items: list[Item]

    @property
    def numbers(self) -> dict[str, int]:
        """The ids of the nodes, which count from 1, by key."""
        return {item.key: number for number, item in enumerate(self.items, 1)}

    @property
    def kinds(self) -> dict[str, str]:
        """The classes of the nodes, by key."""
        return {item.key: item.kind for item in self.items}
