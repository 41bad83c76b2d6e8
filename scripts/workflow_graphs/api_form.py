"""A graph in the form that ComfyUI's server takes at /prompt."""

from __future__ import annotations

from typing import Any

from .graph import Graph, Item, Wire
from .node_library import Library


def api_form(graph: Graph, library: Library) -> dict[str, Any]:
    """The nodes with their inputs, by id."""
    return {str(graph.numbers[item.key]): _node(item, graph, library) for item in graph.items}


def _node(item: Item, graph: Graph, library: Library) -> dict[str, Any]:
    values = {**library.widgets(item.kind), **item.inputs}
    return {
        "class_type": item.kind,
        "inputs": {name: _linked(value, graph, library) for name, value in values.items()},
        "_meta": {"title": item.title or library.title(item.kind)},
    }


def _linked(value: Any, graph: Graph, library: Library) -> Any:
    if not isinstance(value, Wire):
        return value
    return [str(graph.numbers[value.node]), library.output(value, graph.kinds[value.node])]
