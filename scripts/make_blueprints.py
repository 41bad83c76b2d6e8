"""Write subgraphs/*.json: blueprints, which ComfyUI's page offers as nodes that open into a graph.

    python scripts/make_blueprints.py

A blueprint's graph is made as a workflow's (workflow_graphs/); two kinds of nodes stand for its border: `Given` for an input,
`Result` for an output.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from workflow_graphs import PACK, ROOT, Graph, Item, Library, Wire, page_form
from workflow_graphs.items import FACE, KEEPING, RESULT, STYLE, invert, learn, stylize, tune

INPUT, OUTPUT = -10, -20  # ids that ComfyUI's page gives to a subgraph's borders
BORDER = 160  # pixels between a border and the nodes


@dataclass(frozen=True)
class Blueprint:
    """A graph, and which of its widgets are shown outside: pairs of a node's key and a widget's name and type."""

    name: str
    description: str
    graph: Graph
    widgets: list[tuple[str, str, str]]


def stylize_portrait() -> Blueprint:
    """A photo and a reference in, the stylized photo out."""
    models = "input: Models"
    painted = {"image": Wire("reference"), "generator": Wire("generator"), "mode": "find faces, else by hand", "count": 1}
    faces = {"image": Wire("photo"), "generator": Wire("generator"), "count": 0}
    pasted = {"image": Wire("photo"), "crops": Wire("stylize"), "faces": Wire("align", "faces")}
    items = [
        Item("photo", "Given", 0, models, title="photo"),
        Item("reference", "Given", 0, models, title="reference"),
        Item("generator", "PasticheLoadStyleGAN", 0, models),
        Item("painted", "PasticheAlignFaces", 0, STYLE, painted, "Align the reference"),
        learn("painted", column=1),
        Item("align", "PasticheAlignFaces", 0, FACE, faces, "Align the photo's faces"),
        invert(method="encoder"),
        tune(),
        stylize(**KEEPING),
        Item("paste", "PastichePasteFaces", 1, RESULT, pasted),
        Item("picture", "Result", 2, RESULT, {"value": Wire("paste", "image")}, "picture"),
    ]
    return Blueprint(
        name="Stylize Portrait (Pastiche)",
        description="A photo and one reference in, the photo with its faces in the reference's style out. Learns the style by "
        "JoJoGAN; open it to load other models.",
        graph=Graph("stylize_portrait", "", items),
        widgets=[("stylize", "strength", "FLOAT")],
    )


def blueprint_form(blueprint: Blueprint, library: Library) -> dict[str, Any]:
    """What the page loads as a blueprint: one node, and the subgraph that it stands for."""
    subgraph = _subgraph(blueprint, library)
    return {
        "id": _id(blueprint, "graph"),
        "revision": 0,
        "last_node_id": 1,
        "last_link_id": 0,
        "nodes": [_outside(subgraph, blueprint, library)],
        "links": [],
        "groups": [],
        "definitions": {"subgraphs": [subgraph]},
        "config": {},
        "extra": {"BlueprintDescription": blueprint.description},
        "version": 0.4,
    }


def _subgraph(blueprint: Blueprint, library: Library) -> dict[str, Any]:
    page = page_form(blueprint.graph, library)
    given = [node for node in page["nodes"] if node["type"] == "Given"]
    results = [node for node in page["nodes"] if node["type"] == "Result"]
    inner = [node for node in page["nodes"] if node["type"] not in ("Given", "Result", "MarkdownNote")]
    links = [_link(link, given, results) for link in page["links"]]
    inputs = [_slot(blueprint, "in", node["title"], "IMAGE", _leaving(links, INPUT, slot)) for slot, node in enumerate(given)]
    inputs += [_show(widget, blueprint, inner, links, len(inputs) + index) for index, widget in enumerate(blueprint.widgets)]
    outputs = [
        _slot(blueprint, "out", node["title"], "IMAGE", [link["id"] for link in links if link["target_id"] == OUTPUT])
        for node in results
    ]
    return {
        "id": _id(blueprint, "subgraph"),
        "version": 1,
        "state": {"lastGroupId": 0, "lastNodeId": page["last_node_id"], "lastLinkId": len(links), "lastRerouteId": 0},
        "revision": 0,
        "config": {},
        "name": blueprint.name,
        "inputNode": {"id": INPUT, "bounding": _border(inner, len(inputs), left=True)},
        "outputNode": {"id": OUTPUT, "bounding": _border(inner, len(outputs), left=False)},
        "inputs": inputs,
        "outputs": outputs,
        "widgets": [],
        "nodes": inner,
        "groups": [],
        "links": links,
        "extra": {},
    }


def _show(
    widget: tuple[str, str, str], blueprint: Blueprint, inner: list[dict[str, Any]], links: list[dict[str, Any]], slot: int
) -> dict[str, Any]:
    """Link a widget of an inner node to the border, whose slot is given back."""
    key, name, kind = widget
    node = next(node for node in inner if node["id"] == blueprint.graph.numbers[key])
    number = len(links) + 1
    origin = {"id": number, "origin_id": INPUT, "origin_slot": slot, "type": kind}
    links.append({**origin, "target_id": node["id"], "target_slot": len(node["inputs"])})
    node["inputs"].append({"name": name, "type": kind, "widget": {"name": name}, "link": number})
    return _slot(blueprint, "in", name, kind, [number])


def _link(link: list[Any], given: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    """A link of a page as one of a subgraph, whose borders have ids of their own."""
    number, source, output, target, slot, kind = link
    ins, outs = [node["id"] for node in given], [node["id"] for node in results]
    origin = (INPUT, ins.index(source)) if source in ins else (source, output)
    end = (OUTPUT, outs.index(target)) if target in outs else (target, slot)
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return dict(zip(names, (number, *origin, *end, kind), strict=True))


def _leaving(links: list[dict[str, Any]], node: int, slot: int) -> list[int]:
    return [link["id"] for link in links if (link["origin_id"], link["origin_slot"]) == (node, slot)]


def _slot(blueprint: Blueprint, side: str, name: str, kind: str, links: list[int]) -> dict[str, Any]:
    return {"id": _id(blueprint, f"{side} {name}"), "name": name, "type": kind, "linkIds": links}


def _id(blueprint: Blueprint, part: str) -> str:
    """The same at every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://github.com/pastiche-art/pastiche/{blueprint.graph.name}/{part}"))


def _border(nodes: list[dict[str, Any]], slots: int, *, left: bool) -> list[int]:
    edges = [node["pos"][0] for node in nodes] if left else [node["pos"][0] + node["size"][0] for node in nodes]
    x = min(edges) - BORDER - 120 if left else max(edges) + BORDER
    return [x, 100, 120, 40 + 20 * slots]


def _outside(subgraph: dict[str, Any], blueprint: Blueprint, library: Library) -> dict[str, Any]:
    """The node that stands for the subgraph."""
    shown = {widget for _, widget, _ in blueprint.widgets}
    inputs = [
        {"name": slot["name"], "type": slot["type"], **({"widget": {"name": slot["name"]}} if slot["name"] in shown else {})}
        for slot in subgraph["inputs"]
    ]
    kinds = blueprint.graph.kinds
    return {
        "id": 1,
        "type": subgraph["id"],
        "pos": [0, 0],
        "size": [320, 120],
        "flags": {},
        "order": 0,
        "mode": 0,
        "title": blueprint.name,
        "inputs": [{**slot, "link": None} for slot in inputs],
        "outputs": [{"name": slot["name"], "type": slot["type"], "links": None} for slot in subgraph["outputs"]],
        "properties": {"cnr_id": PACK},
        "widgets_values": [library.widgets(kinds[key])[widget] for key, widget, _ in blueprint.widgets],
    }


def main() -> None:
    """Write all of them."""
    folder, library = ROOT / "subgraphs", Library()
    folder.mkdir(exist_ok=True)
    for blueprint in (stylize_portrait(),):
        text = json.dumps(blueprint_form(blueprint, library), indent=1, ensure_ascii=False) + "\n"
        (folder / f"{blueprint.name}.json").write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
