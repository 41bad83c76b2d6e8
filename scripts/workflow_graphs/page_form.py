"""A graph in the form that ComfyUI's page loads: with positions, groups and a note."""

from __future__ import annotations

from typing import Any

from .graph import Graph, Item, Wire
from .layout import GAP, WIDTH, Place, arrange
from .node_library import PACK, Library

Link = list[Any]  # id, source's id, its output, target's id, its input, type


def page_form(graph: Graph, library: Library) -> dict[str, Any]:
    """The whole page."""
    places, groups = arrange(graph, library)
    links = _links(graph, library)
    nodes = [_node(number, item, places[item.key], links, library) for number, item in enumerate(graph.items, 1)]
    nodes.append(_note(len(nodes) + 1, graph.note))
    return {
        "last_node_id": len(nodes),
        "last_link_id": len(links),
        "nodes": nodes,
        "links": links,
        "groups": groups,
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _links(graph: Graph, library: Library) -> list[Link]:
    links: list[Link] = []
    for item in graph.items:
        for slot, (name, kind) in enumerate(library.sockets(item.kind).items()):
            wire = item.inputs.get(name)
            if isinstance(wire, Wire):
                output = library.output(wire, graph.kinds[wire.node])
                links.append([len(links) + 1, graph.numbers[wire.node], output, graph.numbers[item.key], slot, kind])
    return links


def _node(number: int, item: Item, place: Place, links: list[Link], library: Library) -> dict[str, Any]:
    left, top, height = place
    arriving = {slot: link for link, _, _, target, slot, _ in links if target == number}
    leaving: dict[int, list[int]] = {}
    for link, source, output, *_ in links:
        if source == number:
            leaving.setdefault(output, []).append(link)
    sockets, outputs = enumerate(library.sockets(item.kind).items()), enumerate(library.outputs(item.kind))
    return {
        "id": number,
        "type": item.kind,
        "pos": [left, top],
        "size": [WIDTH, height],
        "flags": {},
        "order": number - 1,
        "mode": 0,
        "inputs": [{"name": name, "type": kind, "link": arriving.get(slot)} for slot, (name, kind) in sockets],
        "outputs": [{"name": name, "type": kind, "links": leaving.get(slot)} for slot, (name, kind) in outputs],
        "properties": {"Node name for S&R": item.kind, "cnr_id": PACK if library.is_own(item.kind) else "comfy-core"},
        "widgets_values": _widget_values(item, library),
        **({"title": item.title} if item.title else {}),
    }


def _widget_values(item: Item, library: Library) -> list[Any]:
    values = []
    for name, default in library.widgets(item.kind).items():
        values.append(item.inputs.get(name, default))
        if library.is_seed(item.kind, name):
            values.append("fixed")
    return values


def _note(number: int, text: str) -> dict[str, Any]:
    return {
        "id": number,
        "type": "MarkdownNote",
        "pos": [-WIDTH - 2 * GAP - 40, 40],
        "size": [WIDTH + 80, 480],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "title": "Read me",
        "properties": {},
        "widgets_values": [text],
        "color": "#432",
        "bgcolor": "#653",
    }
