"""What the nodes have: sockets, widgets with their defaults, outputs."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .graph import Wire

ROOT = Path(__file__).resolve().parents[2]
PACK = "pastiche"


@dataclass(frozen=True)
class CoreNode:
    """A node of ComfyUI itself: the types of its sockets, its widgets in order, the names and types of its outputs."""

    sockets: dict[str, str] = field(default_factory=dict)
    widgets: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    title: str = ""


_IMAGE = (("IMAGE", "IMAGE"),)
CORE = {
    "PreviewImage": CoreNode({"images": "IMAGE"}),
    "SaveImage": CoreNode({"images": "IMAGE"}, ("filename_prefix",)),
    "ImageBatch": CoreNode({"image1": "IMAGE", "image2": "IMAGE"}, outputs=_IMAGE),
    "ImageStitch": CoreNode(
        {"image1": "IMAGE", "image2": "IMAGE"},
        ("direction", "match_image_size", "spacing_width", "spacing_color"),
        _IMAGE,
    ),
    "CreateVideo": CoreNode({"images": "IMAGE", "audio": "AUDIO"}, ("fps",), (("VIDEO", "VIDEO"),)),
    "SaveVideo": CoreNode({"video": "VIDEO"}, ("filename_prefix", "format", "codec")),
    "MaskToImage": CoreNode({"mask": "MASK"}, outputs=_IMAGE),
    "PreviewAny": CoreNode({"source": "*"}, title="Preview Any"),
    # no nodes, but the borders of a blueprint: see make_blueprints.py
    "Given": CoreNode(outputs=_IMAGE),
    "Result": CoreNode({"value": "IMAGE"}),
}


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
    """The nodes of the extension and those of `CORE`, by the names of their classes."""

    def __init__(self) -> None:
        pack = load_pack()
        self._titles: dict[str, str] = pack.NODE_DISPLAY_NAME_MAPPINGS
        self._own: dict[str, Any] = pack.NODE_CLASS_MAPPINGS

    def is_own(self, kind: str) -> bool:
        """Whether it is a node of the extension."""
        return kind in self._own

    def title(self, kind: str) -> str:
        """What the page calls it."""
        return self._titles[kind] if self.is_own(kind) else CORE[kind].title or kind

    def sockets(self, kind: str) -> dict[str, str]:
        """The types of the inputs that take wires only."""
        if not self.is_own(kind):
            return CORE[kind].sockets
        return {name: what[0] for name, what in self._inputs(kind).items() if not _is_widget(what)}

    def widgets(self, kind: str) -> dict[str, Any]:
        """Widgets with their defaults."""
        if not self.is_own(kind):
            return dict.fromkeys(CORE[kind].widgets)
        return {name: _default(what) for name, what in self._inputs(kind).items() if _is_widget(what)}

    def is_seed(self, kind: str, name: str) -> bool:
        """Whether the page shows a second widget behind this one."""
        return self.is_own(kind) and "control_after_generate" in self._inputs(kind)[name][1]

    def outputs(self, kind: str) -> list[tuple[str, str]]:
        """Names and types."""
        if not self.is_own(kind):
            return [*CORE[kind].outputs]
        node = self._own[kind]
        return list(zip(node.RETURN_NAMES, node.RETURN_TYPES, strict=True))

    def output(self, wire: Wire, kind: str) -> int:
        """The number of the output of a `kind` of node that a wire leaves from."""
        if isinstance(wire.output, int):
            return wire.output
        return [name for name, _ in self.outputs(kind)].index(wire.output)

    def _inputs(self, kind: str) -> dict[str, Any]:
        types = self._own[kind].INPUT_TYPES()
        return {**types["required"], **types.get("optional", {})}


def _is_widget(what: tuple[Any, dict[str, Any]]) -> bool:
    return not what[1].get("forceInput") and (isinstance(what[0], list) or what[0] in ("INT", "FLOAT", "STRING", "BOOLEAN"))


def _default(what: tuple[Any, dict[str, Any]]) -> Any:
    return what[1].get("default", what[0][0] if isinstance(what[0], list) else None)
