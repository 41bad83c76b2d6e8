"""Write workflows/*.json, for ComfyUI's page, and workflows/api/*.json, for its server, from the graphs below.

    python scripts/make_workflows.py

A graph is a list of nodes in columns; a value that is a `Wire` comes from another node.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACK = "pastiche"
WIDTH, GAP, TOP = 300, 70, 90  # of a node, between columns and above a group's first node
TITLE, SLOT, WIDGET, PICTURE = 34, 22, 26, 260  # heights
COLORS = {"input": "#3f789e", "style": "#88A", "face": "#8A8", "result": "#b06634"}

# Nodes of ComfyUI itself: sockets, widgets in order, outputs.
CORE: dict[str, tuple[dict[str, str], list[str], list[tuple[str, str]]]] = {
    "PreviewImage": ({"images": "IMAGE"}, [], []),
    "SaveImage": ({"images": "IMAGE"}, ["filename_prefix"], []),
    "ImageBatch": ({"image1": "IMAGE", "image2": "IMAGE"}, [], [("IMAGE", "IMAGE")]),
    "ImageStitch": (
        {"image1": "IMAGE", "image2": "IMAGE"},
        ["direction", "match_image_size", "spacing_width", "spacing_color"],
        [("IMAGE", "IMAGE")],
    ),
    "CreateVideo": ({"images": "IMAGE", "audio": "AUDIO"}, ["fps"], [("VIDEO", "VIDEO")]),
    "SaveVideo": ({"video": "VIDEO"}, ["filename_prefix", "format", "codec"], []),
    "MaskToImage": ({"mask": "MASK"}, [], [("IMAGE", "IMAGE")]),
    "PreviewAny": ({"source": "*"}, [], []),
    # no nodes, but the borders of a blueprint: see make_blueprints.py
    "Given": ({}, [], [("IMAGE", "IMAGE")]),
    "Result": ({"value": "IMAGE"}, [], []),
}
CORE_NAMES = {"PreviewAny": "Preview Any"}
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
        "Stylize",
        "Interpolate",
    )
}


@dataclass(frozen=True)
class Wire:
    """An output of another node."""

    node: str
    output: str | int = 0


@dataclass
class Item:
    """A node of a graph."""

    key: str
    kind: str
    column: int
    group: str
    inputs: dict[str, Any] = field(default_factory=dict)
    title: str = ""


@dataclass
class Graph:
    """A workflow: nodes, groups in order with their colours, and a note."""

    name: str
    note: str
    items: list[Item]


def load_pack() -> Any:
    """The extension, as ComfyUI loads it."""
    spec = importlib.util.spec_from_file_location("pastiche_pack", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pastiche_pack"] = module
    spec.loader.exec_module(module)
    return module


class Library:
    """What nodes have: sockets, widgets with defaults, outputs."""

    def __init__(self) -> None:
        pack = load_pack()
        self.names: dict[str, str] = pack.NODE_DISPLAY_NAME_MAPPINGS
        self.own: dict[str, Any] = pack.NODE_CLASS_MAPPINGS

    def sockets(self, kind: str) -> dict[str, str]:
        """Inputs that take wires only."""
        if kind not in self.own:
            return CORE[kind][0]
        return {name: what[0] for name, what in self._inputs(kind).items() if not _is_widget(what)}

    def widgets(self, kind: str) -> dict[str, Any]:
        """Widgets with their defaults."""
        if kind not in self.own:
            return dict.fromkeys(CORE[kind][1])
        return {name: _default(what) for name, what in self._inputs(kind).items() if _is_widget(what)}

    def is_seed(self, kind: str, name: str) -> bool:
        """Whether the page shows a second widget behind this one."""
        return kind in self.own and "control_after_generate" in self._inputs(kind)[name][1]

    def outputs(self, kind: str) -> list[tuple[str, str]]:
        """Names and types."""
        if kind not in self.own:
            return CORE[kind][2]
        node = self.own[kind]
        return list(zip(node.RETURN_NAMES, node.RETURN_TYPES, strict=True))

    def _inputs(self, kind: str) -> dict[str, Any]:
        types = self.own[kind].INPUT_TYPES()
        return {**types["required"], **types.get("optional", {})}


def _is_widget(what: tuple[Any, dict[str, Any]]) -> bool:
    return not what[1].get("forceInput") and (isinstance(what[0], list) or what[0] in ("INT", "FLOAT", "STRING", "BOOLEAN"))


def _default(what: tuple[Any, dict[str, Any]]) -> Any:
    return what[1].get("default", what[0][0] if isinstance(what[0], list) else None)


def api_form(graph: Graph, library: Library) -> dict[str, Any]:
    """What the server's /prompt takes."""
    numbers = {item.key: str(number) for number, item in enumerate(graph.items, 1)}
    prompt = {}
    for item in graph.items:
        values = {**library.widgets(item.kind), **item.inputs}
        inputs = {name: _linked(value, graph, numbers, library) for name, value in values.items()}
        title = item.title or library.names.get(item.kind, CORE_NAMES.get(item.kind, item.kind))
        prompt[numbers[item.key]] = {"class_type": item.kind, "inputs": inputs, "_meta": {"title": title}}
    return prompt


def _linked(value: Any, graph: Graph, numbers: dict[str, str], library: Library) -> Any:
    if not isinstance(value, Wire):
        return value
    source = next(item for item in graph.items if item.key == value.node)
    return [numbers[value.node], _slot(value, source.kind, library)]


def _slot(wire: Wire, kind: str, library: Library) -> int:
    if isinstance(wire.output, int):
        return wire.output
    return [name for name, _ in library.outputs(kind)].index(wire.output)


def page_form(graph: Graph, library: Library) -> dict[str, Any]:
    """What the page loads: the same graph with positions, groups and a note."""
    numbers = {item.key: number for number, item in enumerate(graph.items, 1)}
    kinds = {item.key: item.kind for item in graph.items}
    positions, groups = _laid_out(graph, library)
    links: list[list[Any]] = []
    nodes: list[dict[str, Any]] = []
    leaving: dict[tuple[int, int], list[int]] = {}
    for item in graph.items:
        inputs = []
        for slot, (name, kind) in enumerate(library.sockets(item.kind).items()):
            wire, link = item.inputs.get(name), None
            if isinstance(wire, Wire):
                link, output = len(links) + 1, _slot(wire, kinds[wire.node], library)
                links.append([link, numbers[wire.node], output, numbers[item.key], slot, kind])
                leaving.setdefault((numbers[wire.node], output), []).append(link)
            inputs.append({"name": name, "type": kind, "link": link})
        x, y, height = positions[item.key]
        nodes.append(
            {
                "id": numbers[item.key],
                "type": item.kind,
                "pos": [x, y],
                "size": [WIDTH, height],
                "flags": {},
                "order": numbers[item.key] - 1,
                "mode": 0,
                "inputs": inputs,
                "outputs": [],
                "properties": {"Node name for S&R": item.kind, "cnr_id": PACK if item.kind in library.own else "comfy-core"},
                "widgets_values": _widget_values(item, library),
                **({"title": item.title} if item.title else {}),
            }
        )
    for node in nodes:
        node["outputs"] = [
            {"name": name, "type": kind, "links": leaving.get((node["id"], slot))}
            for slot, (name, kind) in enumerate(library.outputs(node["type"]))
        ]
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


Place = tuple[int, int, int]  # left, top, height


def _laid_out(graph: Graph, library: Library) -> tuple[dict[str, Place], list[dict[str, Any]]]:
    """From left to right: what goes in; the style above the face; the result."""
    positions: dict[str, Place] = {}
    groups = []
    left = 0
    for kinds in (("input",), ("style", "face"), ("result",)):
        top, right = 40, left
        for group in dict.fromkeys(item.group for item in graph.items):
            kind, title = group.split(": ")
            if kind in kinds:
                members = [item for item in graph.items if item.group == group]
                box = _place(members, left, top, positions, library)
                groups.append({"title": title, "bounding": box, "color": COLORS[kind], "font_size": 24})
                top, right = box[1] + box[3] + 50, max(right, box[0] + box[2])
        left = right + 110
    return positions, groups


def _place(members: list[Item], left: int, top: int, positions: dict[str, Place], library: Library) -> list[int]:
    """Put the nodes of a group into columns; gives the group's box."""
    first = min(item.column for item in members)
    below = dict.fromkeys(sorted({item.column for item in members}), top + TOP)
    for item in members:
        height = _height(item, library)
        positions[item.key] = (left + (item.column - first) * (WIDTH + GAP), below[item.column], height)
        below[item.column] += height + 60
    wide = (max(below) - first) * (WIDTH + GAP) + WIDTH
    return [left - 25, top, wide + 50, max(below.values()) - 20 - top]


def _height(item: Item, library: Library) -> int:
    rows = max(len(library.sockets(item.kind)), len(library.outputs(item.kind)))
    widgets = sum(1 + library.is_seed(item.kind, name) for name in library.widgets(item.kind))
    shown = PICTURE if item.kind in PICTURED | PREVIEWED else 90 if item.kind == "PreviewAny" else 0
    said = 150 if item.kind in ("PasticheLoadStyleGAN", "PasticheLoadFaceEncoder", "PasticheModelInfo") else 0
    return TITLE + SLOT * rows + WIDGET * widgets + shown + said


# --- the graphs --------------------------------------------------------------------------------------

WEIGHTS = """
## With published weights
The models that ship are small, and what they draw is soft. For sharp pictures put a StyleGAN2 checkpoint with its
discriminator (`stylegan2-ffhq-config-f.pt` or NVIDIA's `.pkl`) and an encoder (`e4e_ffhq_encode.pt`) into
`ComfyUI/models/pastiche`, press **R**, choose the first in **Load StyleGAN**, add **Load Face Encoder** with the second and
connect it to every **encoder** input. **Tune to Face** takes longer there: without it, disconnect **person** from **Stylize**.
""".strip()


PUBLISHED = """
## With published weights
The bundled model is small and was trained on painted portraits. For photographs put the authors' `{model}` and
`{encoder}` into `ComfyUI/models/pastiche`, press **R**, choose the first in **Load StyleGAN**, add **Load Face
Encoder** with the second and connect it to every **encoder** input. Tuning takes longer there: disconnect **person** from
**Stylize** to draw without it.
""".strip()


def note(title: str, text: str, weights: str = WEIGHTS) -> str:
    """A note, and how to use published weights."""
    return f"# {title}\n{text.strip()}\n\n{weights}"


def own(text: str = "Replace **Example Picture** by **Load Image** for your own.") -> str:
    """How to use other pictures."""
    return text


GENERATOR = Item("generator", "PasticheLoadStyleGAN", 0, "input: Models and pictures")


def bundled(method: str) -> Item:
    """The bundled model of a method."""
    return Item("generator", GENERATOR.kind, 0, GENERATOR.group, {"checkpoint": f"demo: {method}"})


def photo(column: int = 0) -> Item:
    """The photograph that is bundled."""
    return Item("photo", "PasticheExamplePicture", column, "input: Models and pictures", {"picture": "photo"}, "Photo")


def reference(name: str, key: str = "reference") -> Item:
    """A painted picture that is bundled."""
    return Item(key, "PasticheExamplePicture", 0, "input: Models and pictures", {"picture": name}, f"Reference: {name}")


def align(image: str = "photo", output: int | str = 0, **inputs: Any) -> Item:
    """Cut the faces out."""
    given = {"image": Wire(image, output), "generator": Wire("generator"), **inputs}
    return Item("align", "PasticheAlignFaces", 0, "face: The face", given)


def invert(crops: str = "align", key: str = "invert", column: int = 1, **inputs: Any) -> Item:
    """Find the latents."""
    given = {"generator": Wire("generator"), "crops": Wire(crops), "method": "hybrid", **inputs}
    return Item(key, "PasticheInvertFace", column, "face: The face", given)


def learn(references: str = "reference", key: str = "learn", column: int = 0, title: str = "", **inputs: Any) -> Item:
    """Learn a style."""
    given = {"generator": Wire("generator"), "references": Wire(references), **inputs}
    return Item(key, "PasticheFinetuneOneShot", column, "style: The style", given, title)


def tune() -> Item:
    """Tune the generator to the face."""
    given = {"generator": Wire("generator"), "crops": Wire("align"), "latent": Wire("invert")}
    return Item("tune", "PasticheTuneToFace", 2, "face: The face", given)


KEEPING: dict[str, Any] = {"person": Wire("tune"), "likeness": 0.6}  # the person, in Stylize


def stylize(style: str = "learn", latent: str = "invert", key: str = "stylize", column: int = 2, **inputs: Any) -> Item:
    """Draw."""
    output = inputs.pop("output", 0)
    given = {"style": Wire(style, output), "latent": Wire(latent), **inputs}
    return Item(key, "PasticheStylize", column, "result: Result", given)


def save(images: str, name: str, key: str = "save", column: int = 3, title: str = "", output: int = 0) -> Item:
    """Write the result."""
    given = {"images": Wire(images, output), "filename_prefix": f"pastiche/{name}"}
    return Item(key, "SaveImage", column, "result: Result", given, title)


def preview(images: str, key: str, group: str, column: int, title: str, output: int | str = 0) -> Item:
    """Show pictures on the way."""
    return Item(key, "PreviewImage", column, group, {"images": Wire(images, output)}, title)


def graphs() -> list[Graph]:
    """Every workflow."""
    face, result = "face: The face", "result: Result"
    return [
        Graph(
            "one_shot_style",
            note(
                "A photo in the style of one picture",
                "The face is cut out, found in the generator, and drawn in a style that is learned from one reference "
                f"(half a minute). **Tune to Face** keeps the person recognisable. {own()} A reference that is no square face "
                "goes through **Align Faces** as well.",
            ),
            [
                GENERATOR,
                photo(),
                reference("ukiyoe"),
                Item("info", "PasticheModelInfo", 1, "input: Models and pictures", {"generator": Wire("generator")}),
                learn(),
                align(),
                invert(method="encoder"),
                tune(),
                preview("tune", "seen", face, 3, "The face, as the tuned generator draws it", "likeness"),
                stylize(column=0, strength=1.0, **KEEPING),
                save("stylize", "one_shot_style", column=1),
            ],
        ),
        Graph(
            "likeness",
            note(
                "A person who stays recognisable",
                "**Tune to Face** moves a copy of the generator until it draws this very face, and **Stylize** mixes it "
                "with the style: above, the style alone; below, `likeness` 0.6, which keeps the person. Changing "
                f"`likeness` learns nothing again. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("watercolor"),
                learn(),
                align(),
                invert(method="encoder"),
                tune(),
                preview("tune", "seen", face, 3, "The face, as the tuned generator draws it", "likeness"),
                stylize(key="alone", column=0),
                stylize(key="kept", column=0, **KEEPING),
                save("alone", "likeness_without", "save_alone", 1, "The style alone"),
                save("kept", "likeness", "save_kept", 2, "With the person"),
            ],
        ),
        Graph(
            "several_references",
            note(
                "A style from several pictures",
                "**Batch Images** joins references; what they have in common becomes the style. Take pictures by one hand: "
                "they are averaged. **One-Shot Options** replaces the preset by numbers of your own; remove it to use the "
                f"preset. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("watercolor", "first"),
                reference("ukiyoe", "second"),
                Item(
                    "both",
                    "ImageBatch",
                    1,
                    "input: Models and pictures",
                    {"image1": Wire("first"), "image2": Wire("second")},
                    "Both references",
                ),
                Item(
                    "options",
                    "PasticheOneShotOptions",
                    0,
                    "style: The style",
                    {"steps": 150, "learning_rate": 0.004, "decay": 0.5, "reconstruction": 0.2},
                ),
                learn("both", column=1, options=Wire("options")),
                align(),
                invert(method="encoder"),
                tune(),
                stylize(column=0, **KEEPING),
                save("stylize", "several_references", column=1),
            ],
        ),
        Graph(
            "keep_colors",
            note(
                "Colours taken, colours kept",
                "The same reference learned twice: with its colours, and with the photo's own, where only the drawing is "
                f"learned (**colors**: keep). {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("watercolor"),
                learn(key="take", title="Takes the reference's colours", colors="take"),
                learn(key="keep", column=1, title="Keeps the photo's colours", colors="keep"),
                align(),
                invert(method="encoder"),
                tune(),
                stylize("take", key="drawn_take", column=0, **KEEPING),
                stylize("keep", key="drawn_keep", column=0, **KEEPING),
                save("drawn_take", "colors_taken", "save_take", 1, "Colours taken"),
                save("drawn_keep", "colors_kept", "save_keep", 2, "Colours kept"),
            ],
        ),
        Graph(
            "strength_ladder",
            note(
                "From the face to the style, in five steps",
                "**Interpolate** with one face and one style changes only the strength: from 0, the face as it is, to 1, the "
                f"style in full. Choose the step that you like and set it in **Stylize**. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("ukiyoe"),
                learn(),
                align(),
                invert(),
                Item(
                    "ladder",
                    "PasticheInterpolate",
                    0,
                    result,
                    {
                        "latent_a": Wire("invert"),
                        "style_a": Wire("learn"),
                        "frames": 5,
                        "easing": "linear",
                        "strength_a": 0.0,
                        "strength_b": 1.0,
                    },
                    "Five strengths",
                ),
                save("ladder", "strength_ladder", column=1),
            ],
        ),
        Graph(
            "random_faces",
            note(
                "Random faces in a style",
                "No photo at all: **Generate Faces** draws people by chance, and **Stylize** the same people in the style. "
                "Change **seed** for others; lower **psi** for more usual faces.",
            ),
            [
                GENERATOR,
                reference("ukiyoe"),
                learn(),
                Item(
                    "random",
                    ("PasticheGenerateFaces"),
                    0,
                    face,
                    {"generator": Wire("generator"), "seed": 7, "count": 4, "psi": 0.7},
                ),
                preview("random", "plain", face, 1, "Without style", "images"),
                stylize(latent="random", column=0),
                save("stylize", "random_faces", column=1),
            ],
        ),
        Graph(
            "whole_photo",
            note(
                "A whole photo, several faces put back",
                "Every face of the picture is cut out, drawn in the style and put "
                "back where it was; the rest of the photo stays "
                f"untouched. **region** and **feather** of **Paste Faces** decide how the edge looks. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("ukiyoe"),
                Item(
                    "group",
                    "ImageStitch",
                    1,
                    "input: Models and pictures",
                    {
                        "image1": Wire("photo"),
                        "image2": Wire("photo"),
                        "direction": "right",
                        "match_image_size": True,
                        "spacing_width": 0,
                        "spacing_color": "white",
                    },
                    "A photo with two faces",
                ),
                learn(),
                align("group", count=0, order="left to right"),
                invert(method="encoder"),
                tune(),
                preview("align", "crops", face, 3, "The faces"),
                stylize(column=0, **KEEPING),
                Item(
                    "paste",
                    "PastichePasteFaces",
                    1,
                    result,
                    {"image": Wire("group"), "crops": Wire("stylize"), "faces": Wire("align", "faces"), "region": "face"},
                ),
                save("paste", "whole_photo", column=2),
                Item("mask", "MaskToImage", 2, result, {"mask": Wire("paste", "mask")}),
                preview("mask", "mask_seen", result, 3, "The mask"),
            ],
        ),
        Graph(
            "interpolation_film",
            note(
                "A film between faces and between styles",
                "The face changes from the photo's to a random one while the style "
                "changes from the first reference to the second. "
                f"Leave out **latent_b** or **style_b** to change only one of them. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("ukiyoe", "first"),
                reference("watercolor", "second"),
                learn("first", "style_a", 0, "Style at the start", preset="quick"),
                learn("second", "style_b", 1, "Style at the end", preset="quick"),
                align(),
                invert(),
                Item("random", "PasticheGenerateFaces", 2, face, {"generator": Wire("generator"), "seed": 3, "count": 1}),
                Item(
                    "film",
                    "PasticheInterpolate",
                    0,
                    result,
                    {
                        "latent_a": Wire("invert"),
                        "latent_b": Wire("random"),
                        "style_a": Wire("style_a"),
                        "style_b": Wire("style_b"),
                        "frames": 24,
                        "easing": "ease",
                        "loop": True,
                    },
                ),
                Item("video", "CreateVideo", 1, result, {"images": Wire("film"), "fps": 12.0}),
                save_video("video", "film", 2),
            ],
        ),
        Graph(
            "compare_inversions",
            note(
                "Three ways to find a face in the generator",
                "encoder looks once, hybrid searches on from there, optimize "
                "searches from the mean face. The nearer a latent is, "
                f"the more it is like the person; the more typical it is, the better styles work on it. {own()}",
            ),
            [
                GENERATOR,
                Item("encoder", "PasticheLoadFaceEncoder", 0, "input: Models and pictures"),
                photo(),
                align(),
                preview("align", "crop", face, 0, "The photo's face"),
                invert(key="by_encoder", method="encoder", encoder=Wire("encoder")),
                invert(key="by_hybrid", column=2, method="hybrid", encoder=Wire("encoder"), steps=40),
                invert(key="by_search", column=3, method="optimize", steps=100),
                preview("by_encoder", "seen_encoder", face, 1, "encoder", 1),
                preview("by_hybrid", "seen_hybrid", face, 2, "hybrid", 1),
                preview("by_search", "seen_search", face, 3, "optimize", 1),
                Item(
                    "two",
                    "ImageStitch",
                    1,
                    result,
                    {
                        "image1": Wire("align"),
                        "image2": Wire("by_encoder", 1),
                        "direction": "right",
                        "match_image_size": True,
                        "spacing_width": 4,
                        "spacing_color": "white",
                    },
                ),
                Item(
                    "three",
                    "ImageStitch",
                    2,
                    result,
                    {
                        "image1": Wire("two"),
                        "image2": Wire("by_hybrid", 1),
                        "direction": "right",
                        "match_image_size": True,
                        "spacing_width": 4,
                        "spacing_color": "white",
                    },
                ),
                Item(
                    "four",
                    "ImageStitch",
                    3,
                    result,
                    {
                        "image1": Wire("three"),
                        "image2": Wire("by_search", 1),
                        "direction": "right",
                        "match_image_size": True,
                        "spacing_width": 4,
                        "spacing_color": "white",
                    },
                ),
                save("four", "compare_inversions", column=4, title="Photo, encoder, hybrid, optimize"),
            ],
        ),
        Graph(
            "swap_layers",
            note(
                "The shapes of one, the colours of the other",
                "**Finetune One-Shot** gives the tuned generator as well. **Swap "
                "Layers** takes the coarse layers (shapes) of one and "
                "the fine layers (colours, brushwork) of the other: above, the "
                "photo's shapes in the style's colours; below, the "
                f"style's shapes in natural colours. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("ukiyoe"),
                learn(),
                align(),
                invert(),
                Item(
                    "texture",
                    "PasticheSwapLayers",
                    0,
                    result,
                    {"base": Wire("generator"), "tuned": Wire("learn", "tuned"), "switch_at": "32", "shapes_from": "base"},
                    "Colours of the style",
                ),
                Item(
                    "shapes",
                    "PasticheSwapLayers",
                    0,
                    result,
                    {"base": Wire("generator"), "tuned": Wire("learn", "tuned"), "switch_at": "32", "shapes_from": "tuned"},
                    "Shapes of the style",
                ),
                stylize("texture", key="drawn_texture", column=1, output="style"),
                stylize("shapes", key="drawn_shapes", column=1, output="style"),
                save("drawn_texture", "swap_texture", "save_texture", 2, "Colours of the style"),
                save("drawn_shapes", "swap_shapes", "save_shapes", 3, "Shapes of the style"),
            ],
        ),
        Graph(
            "keep_for_later",
            note(
                "Styles and faces in files",
                "What was learned once is kept: styles in `output/pastiche/styles`, "
                "latents in `output/pastiche/latents`. To use a "
                "saved file on its own, disconnect **path** from the loader and choose the file.",
            ),
            [
                GENERATOR,
                photo(),
                reference("watercolor"),
                learn(),
                Item("save_style", "PasticheSaveStyle", 1, "style: The style", {"style": Wire("learn"), "name": "watercolor"}),
                Item(
                    "load_style",
                    "PasticheLoadStyle",
                    2,
                    "style: The style",
                    {"generator": Wire("generator"), "path": Wire("save_style"), "file": "nothing saved yet"},
                ),
                align(),
                invert(),
                Item("save_latent", "PasticheSaveLatent", 2, face, {"latent": Wire("invert"), "name": "eileen"}),
                Item("load_latent", "PasticheLoadLatent", 3, face, {"path": Wire("save_latent"), "file": "nothing saved yet"}),
                stylize("load_style", "load_latent", column=0),
                save("stylize", "keep_for_later", column=1),
            ],
        ),
        Graph(
            "edit_face",
            note(
                "A face that smiles",
                "The face is found in the generator and changed: **Edit Face** has sliders, **Edit Direction** "
                "draws the range of one. **Tune to Face** makes the generator draw this very person first; **person** takes it "
                "to the edits, and to **Stylize**, which draws the edited latent in a style. Changing a slider tunes nothing "
                f"again. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                align(),
                invert(method="encoder"),
                tune(),
                Item("find", "PasticheFindDirections", 0, "style: The edit", {"generator": Wire("generator")}),
                Item(
                    "edit",
                    "PasticheEditFace",
                    1,
                    "style: The edit",
                    {
                        "generator": Wire("generator"),
                        "latent": Wire("invert"),
                        "directions": Wire("find"),
                        "person": Wire("tune"),
                        "smile": 1.5,
                        "age": -1.0,
                    },
                ),
                Item(
                    "range",
                    "PasticheEditDirection",
                    2,
                    "style: The edit",
                    {
                        "generator": Wire("generator"),
                        "latent": Wire("invert"),
                        "directions": Wire("find"),
                        "person": Wire("tune"),
                        "name": "yaw",
                        "amount": 2.0,
                    },
                ),
                preview("range", "strip", result, 0, "The range of one direction", "strip"),
                save("edit", "edit_face", column=1, output=1),
            ],
        ),
        Graph(
            "stylize_video",
            note(
                "A video in a style",
                "**Stylize Video** follows the people of a video and draws them in the style; sound and frame rate stay. The "
                "video here is made of the photo, which turns its head and smiles: replace **Create Video** by **Load Video** "
                "for your own, which may have any length. Raise `likeness` so that the people stay recognisable; the generator "
                f"is then tuned to them once. {own()}",
            ),
            [
                GENERATOR,
                photo(),
                reference("ukiyoe"),
                learn(),
                align(),
                invert(method="encoder"),
                *film("invert"),
                Item(
                    "stylize",
                    "PasticheStylizeVideo",
                    0,
                    result,
                    {"video": Wire("video"), "style": Wire("learn"), "generator": Wire("generator")},
                ),
                save_video("stylize", "stylize_video"),
            ],
        ),
        Graph(
            "drive_face",
            note(
                "A picture that moves as a video does",
                "**Drive Face** takes the motion of the largest face of a video and gives it to the face of a picture, here a "
                "painting. The video is made of the photo, which turns its head and smiles: replace **Create Video** by **Load "
                "Video** for your own, best one that begins with a calm, frontal face. With `likeness`, the generator is tuned "
                "to the picture once; connect a **style** to draw it in one.",
            ),
            [
                GENERATOR,
                photo(),
                reference("mona_lisa", "painting"),
                align(),
                invert(method="encoder"),
                *film("invert"),
                Item(
                    "drive",
                    "PasticheDriveFace",
                    0,
                    result,
                    {
                        "video": Wire("video"),
                        "image": Wire("painting"),
                        "generator": Wire("generator"),
                        "likeness": 0.6,
                    },
                ),
                save_video("drive", "drive_face"),
            ],
        ),
        *method_graphs(),
    ]


def method_graphs() -> list[Graph]:
    """A workflow for each method whose model knows its styles."""
    face, style = "face: The face", "style: The style"
    seen = preview("tune", "seen", face, 3, "The face, as the tuned generator draws it", "likeness")

    def attribute(name: str, title: str) -> Item:
        given = {"generator": Wire("generator"), "attribute": name}
        return Item(name, "PasticheAttributeStyle", 0, style, given, title)

    def exemplar(key: str, title: str, **amounts: float) -> Item:
        return Item(key, "PasticheDualStyleTransfer", 0, style, {"generator": Wire("generator"), **amounts}, title)

    return [
        Graph(
            "blendgan_style",
            note(
                "The style of any picture, without learning",
                "**Blend Style** reads the style of the reference at once (BlendGAN); the picture need not show a face. "
                "**indicator** says how many of the first layers ignore it: lower is stronger, and changes shapes too. "
                f"Disconnect the reference for a random style. {own()}",
                PUBLISHED.format(model="blendgan.pt", encoder="psp_encoder.pt"),
            ),
            [
                bundled("blendgan"),
                photo(),
                reference("watercolor"),
                align(),
                invert(method="encoder"),
                tune(),
                seen,
                Item("style", "PasticheBlendStyle", 0, style, {"generator": Wire("generator"), "reference": Wire("reference")}),
                stylize("style", column=0, **KEEPING),
                save("stylize", "blendgan_style", column=1),
            ],
        ),
        Graph(
            "dualstylegan_style",
            note(
                "Structure and colour apart",
                "**Dual Style Transfer** takes an exemplar that the generator was trained with (DualStyleGAN): above, its "
                "shapes and its colours; below, its colours alone, where **structure** is 0. "
                f"Change **exemplar**: it is a number or a name. {own()}",
                PUBLISHED.format(model="generator.pt", encoder="encoder.pt"),
            ),
            [
                bundled("dualstylegan"),
                photo(),
                align(),
                invert(method="encoder"),
                tune(),
                seen,
                exemplar("whole", "Structure and colour"),
                exemplar("color", "Colour alone", structure=0.0),
                stylize("whole", key="drawn_whole", column=0, **KEEPING),
                stylize("color", key="drawn_color", column=0, **KEEPING),
                save("drawn_whole", "dualstylegan_style", "save_whole", 1, "Structure and colour"),
                save("drawn_color", "dualstylegan_color", "save_color", 2, "Colour alone"),
            ],
        ),
        Graph(
            "agilegan_style",
            note(
                "One style, drawn as a woman or as a man",
                "The generator itself has learned the style, with a path for each attribute (AgileGAN); **Tune to Face** keeps "
                "the person recognisable, best with the encoder of plain faces. **attribute** is its name, its number, or a "
                "number between two. Lower **strength** in **Stylize** to go back to the face. "
                f"Each style is a checkpoint of its own in **Load StyleGAN**. {own()}",
                PUBLISHED.format(model="cartoon.pt", encoder="encoder.pt"),
            ),
            [
                bundled("agilegan"),
                Item("encoder", "PasticheLoadFaceEncoder", 0, "input: Models and pictures"),
                photo(),
                align(),
                invert(method="encoder", encoder=Wire("encoder")),
                tune(),
                seen,
                attribute("female", "The path for women"),
                attribute("male", "The path for men"),
                stylize("female", key="drawn_female", column=0, **KEEPING),
                stylize("male", key="drawn_male", column=0, **KEEPING),
                save("drawn_female", "agilegan_female", "save_female", 1, "The path for women"),
                save("drawn_male", "agilegan_male", "save_male", 2, "The path for men"),
            ],
        ),
    ]


def film(latent: str) -> list[Item]:
    """A short video of a face that turns its head and smiles."""
    face = "face: The face"
    moved = {"generator": Wire("generator"), "latent": Wire(latent), "yaw": 1.2, "smile": 1.0}
    between = {"latent_a": Wire(latent), "latent_b": Wire("turned"), "generator": Wire("generator"), "frames": 12}
    return [
        Item("turned", "PasticheEditFace", 2, face, moved, "Turned and smiling"),
        Item("film", "PasticheInterpolate", 3, face, {**between, "easing": "ease", "loop": True}, "Frames"),
        Item("video", "CreateVideo", 4, face, {"images": Wire("film"), "fps": 12.0}),
    ]


def save_video(video: str, name: str, column: int = 1) -> Item:
    """Write a video."""
    given = {"video": Wire(video), "filename_prefix": f"pastiche/{name}", "format": "auto", "codec": "auto"}
    return Item("save", "SaveVideo", column, "result: Result", given)


def main() -> None:
    """Write all of them."""
    library = Library()
    folder = ROOT / "workflows"
    (folder / "api").mkdir(parents=True, exist_ok=True)
    for graph in graphs():
        for path, content in (
            (folder / f"{graph.name}.json", page_form(graph, library)),
            (folder / "api" / f"{graph.name}.json", api_form(graph, library)),
        ):
            path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
