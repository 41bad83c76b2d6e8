"""Where the nodes and groups of a graph stand on ComfyUI's page. All sizes are in the page's pixels."""

from __future__ import annotations

from typing import Any

from .graph import Graph, Item
from .node_library import Library

WIDTH, GAP, TOP = 300, 70, 90  # of a node, between columns and above a group's first node
TITLE, SLOT, WIDGET, PICTURE = 34, 22, 26, 260  # heights
COLORS = {"input": "#3f789e", "style": "#88A", "face": "#8A8", "result": "#b06634"}
PICTURED = {"PreviewImage", "SaveImage", "SaveVideo"}
# These show how things stand while they work.
PREVIEWED = {
    f"Pastiche{name}"
    for name in (
        "FinetuneOneShot",
        "InvertFace",
        "TuneToFace",
        "GenerateFaces",
        "EditFace",
        "EditDirection",
        "TransferRegion",
        "Stylize",
        "Interpolate",
    )
}
DESCRIBED = {"PasticheLoadStyleGAN", "PasticheLoadFaceEncoder", "PasticheModelInfo"}  # these show a text below

Place = tuple[int, int, int]  # left, top, height


def arrange(graph: Graph, library: Library) -> tuple[dict[str, Place], list[dict[str, Any]]]:
    """The nodes' places by key, and the groups: from left to right what goes in, the style above the face, the result."""
    places: dict[str, Place] = {}
    groups = []
    left = 0
    for kinds in (("input",), ("style", "face"), ("result",)):
        top, right = 40, left
        for group in dict.fromkeys(item.group for item in graph.items):
            kind, title = group.split(": ")
            if kind in kinds:
                members = [item for item in graph.items if item.group == group]
                box = _place(members, left, top, places, library)
                groups.append({"title": title, "bounding": box, "color": COLORS[kind], "font_size": 24})
                top, right = box[1] + box[3] + 50, max(right, box[0] + box[2])
        left = right + 110
    return places, groups


def _place(members: list[Item], left: int, top: int, places: dict[str, Place], library: Library) -> list[int]:
    """Put the nodes of a group into columns; gives the group's box."""
    first = min(item.column for item in members)
    below = dict.fromkeys(sorted({item.column for item in members}), top + TOP)
    for item in members:
        height = _height(item, library)
        places[item.key] = (left + (item.column - first) * (WIDTH + GAP), below[item.column], height)
        below[item.column] += height + 60
    wide = (max(below) - first) * (WIDTH + GAP) + WIDTH
    return [left - 25, top, wide + 50, max(below.values()) - 20 - top]


def _height(item: Item, library: Library) -> int:
    rows = max(len(library.sockets(item.kind)), len(library.outputs(item.kind)))
    widgets = sum(1 + library.is_seed(item.kind, name) for name in library.widgets(item.kind))
    shown = PICTURE if item.kind in PICTURED | PREVIEWED else 90 if item.kind == "PreviewAny" else 0
    said = 150 if item.kind in DESCRIBED else 0
    return TITLE + SLOT * rows + WIDGET * widgets + shown + said
