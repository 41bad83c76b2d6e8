"""Write subgraphs/*.json: blueprints, which ComfyUI's page offers as nodes that open into a graph.

    python scripts/make_blueprints.py

A blueprint's graph is a workflow of `make_workflows.py` in which two kinds of nodes stand for its border: `Given` for an
input, `Result` for an output.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INPUT, OUTPUT = -10, -20  # ids that ComfyUI's page gives to a subgraph's borders
BORDER = 160  # pixels between a border and the nodes


def load_workflows() -> Any:
    """`make_workflows.py`, which lies beside this file."""
    spec = importlib.util.spec_from_file_location("pastiche_workflows", Path(__file__).with_name("make_workflows.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pastiche_workflows"] = module
    spec.loader.exec_module(module)
    return module


workflows = load_workflows()
Item, Wire = workflows.Item, workflows.Wire


@dataclass
class Blueprint:
    """A graph, and which of its widgets are shown outside: pairs of a node's key and a widget's name and type."""

    name: str
    description: str
    graph: Any
    widgets: list[tuple[str, str, str]]


def stylize_portrait() -> Blueprint:
    """A photo and a reference in, the stylized photo out."""
    models, face, style, result = "input: Models", "face: The face", "style: The style", "result: Result"
    items = [
        Item("photo", "Given", 0, models, title="photo"),
        Item("reference", "Given", 0, models, title="reference"),
        Item("generator", "PasticheLoadStyleGAN", 0, models),
        Item(
            "painted",
            "PasticheAlignFaces",
            0,
            style,
            {"image": Wire("reference"), "generator": Wire("generator"), "mode": "find faces, else by hand", "count": 1},
            "Align the reference",
        ),
        workflows.learn("painted", column=1),
        Item(
            "align",
            "PasticheAlignFaces",
            0,
            face,
            {"image": Wire("photo"), "generator": Wire("generator"), "count": 0},
            "Align the photo's faces",
        ),
        workflows.invert(method="encoder"),
        workflows.tune(),
        workflows.stylize(column=0, **workflows.KEEPING),
        Item(
            "paste",
            "PastichePasteFaces",
            1,
            result,
            {"image": Wire("photo"), "crops": Wire("stylize"), "faces": Wire("align", "faces")},
        ),
        Item("picture", "Result", 2, result, {"value": Wire("paste", "image")}, "picture"),
    ]
    return Blueprint(
        name="Stylize Portrait (Pastiche)",
        description="A photo and one reference in, the photo with its faces in the reference's style out. Learns the style by "
        "JoJoGAN; open it to load other models.",
        graph=workflows.Graph("stylize_portrait", "", items),
        widgets=[("stylize", "strength", "FLOAT")],
    )


def blueprint_form(blueprint: Blueprint, library: Any) -> dict[str, Any]:
    """What the page loads as a blueprint: one node, and the subgraph that it stands for."""
    page = workflows.page_form(blueprint.graph, library)
    keys = {item.key: number for number, item in enumerate(blueprint.graph.items, 1)}
    given = [node for node in page["nodes"] if node["type"] == "Given"]
    results = [node for node in page["nodes"] if node["type"] == "Result"]
    inner = [node for node in page["nodes"] if node["type"] not in ("Given", "Result", "MarkdownNote")]
    links = [_link(link, given, results) for link in page["links"]]
    inputs = [_slot(blueprint, "in", node["title"], "IMAGE", _leaving(links, INPUT, slot)) for slot, node in enumerate(given)]
    for key, widget, kind in blueprint.widgets:
        node = next(node for node in inner if node["id"] == keys[key])
        link = {"id": len(links) + 1, "origin_id": INPUT, "origin_slot": len(inputs), "type": kind}
        links.append({**link, "target_id": node["id"], "target_slot": len(node["inputs"])})
        node["inputs"].append({"name": widget, "type": kind, "widget": {"name": widget}, "link": link["id"]})
        inputs.append({**_slot(blueprint, "in", widget, kind, [link["id"]])})
    outputs = [
        _slot(blueprint, "out", node["title"], "IMAGE", [link["id"] for link in links if link["target_id"] == OUTPUT])
        for node in results
    ]
    subgraph = {
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


def _outside(subgraph: dict[str, Any], blueprint: Blueprint, library: Any) -> dict[str, Any]:
    """The node that stands for the subgraph."""
    shown = {widget for _, widget, _ in blueprint.widgets}
    inputs = [
        {"name": slot["name"], "type": slot["type"], **({"widget": {"name": slot["name"]}} if slot["name"] in shown else {})}
        for slot in subgraph["inputs"]
    ]
    kinds = {item.key: item.kind for item in blueprint.graph.items}
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
        "properties": {"cnr_id": workflows.PACK},
        "widgets_values": [library.widgets(kinds[key])[widget] for key, widget, _ in blueprint.widgets],
    }


def main() -> None:
    """Write all of them."""
    folder, library = ROOT / "subgraphs", workflows.Library()
    folder.mkdir(exist_ok=True)
    for blueprint in (stylize_portrait(),):
        text = json.dumps(blueprint_form(blueprint, library), indent=1, ensure_ascii=False) + "\n"
        (folder / f"{blueprint.name}.json").write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
