"""Styles and latents in files, in ComfyUI's own folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import comfy
from .inputs import Inputs, Table, choice, socket, switch, text
from .node import Node
from .places import NOTHING, find_file, listed, missing, new_file, state
from .sockets import GENERATOR, LATENT, STYLE, Networks, StyledNetworks

if TYPE_CHECKING:
    from ..engine import Latent

__all__ = ["LoadLatent", "LoadStyle", "SaveLatent", "SaveStyle"]

STYLES, LATENTS = "pastiche_styles", "pastiche_latents"


class SaveStyle(Node):
    """Save Style."""

    CATEGORY = "Pastiche/files"
    DESCRIPTION = (
        "Writes a style to output/pastiche/styles. The file holds only what changed, and fits the generator it belongs to."
    )
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("file",)
    OUTPUT_TOOLTIPS = ("Where it was written.",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "style": socket(STYLE, "The style to keep."),
                "name": text(
                    "style", "Name of the file, which gets a number; folders before it are made. No file is ever replaced."
                ),
            },
            "optional": {
                "half": switch(False, "On: half the file's size, with differences that no screen shows (learned styles).")
            },
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, style: StyledNetworks, name: str, half: bool = False, node: str | None = None) -> dict[str, Any]:
        """Write the file."""
        from ..engine import JoJoStyle

        style.ready()
        path = new_file(STYLES, name)
        if isinstance(style.style, JoJoStyle):
            style.style.save(path, half=half)
        else:
            style.style.save(path)
        return written(path, node)


class LoadStyle(Node):
    """Load Style."""

    CATEGORY = "Pastiche/files"
    DESCRIPTION = "Reads a style that was saved before, for the generator that it was learned on."
    RETURN_TYPES = (STYLE,)
    RETURN_NAMES = ("style",)
    OUTPUT_TOOLTIPS = ("The style, for Stylize.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "generator": socket(GENERATOR, "The generator that the style was learned on."),
                "file": choice(
                    listed(STYLES, comfy.FILES) or [NOTHING], "A style in output/pastiche/styles or models/pastiche/styles."
                ),
            },
            "optional": {"path": path_from("Save Style")},
        }

    @classmethod
    def IS_CHANGED(cls, file: str = "", **_others: Any) -> str:  # noqa: N802
        """Changes when the file does."""
        return state(find_file(STYLES, file))

    @classmethod
    def VALIDATE_INPUTS(cls, file: str | None = None, path: str | None = "") -> bool | str:  # noqa: N802
        """Whether the file is there; what comes by a wire is not known yet."""
        return valid(STYLES, file, path)

    def run(self, generator: Networks, file: str, path: str = "") -> tuple[StyledNetworks]:
        """Read the file."""
        from .. import engine as pastiche

        generator.ready("generator")
        style = pastiche.load_style(chosen(STYLES, file, path), generator.checkpoint.stylegan2)
        return (StyledNetworks.of(style, generator),)


class SaveLatent(Node):
    """Save Latent."""

    CATEGORY = "Pastiche/files"
    DESCRIPTION = "Writes latents to output/pastiche/latents: faces without their photo, to be drawn again later."
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("file",)
    OUTPUT_TOOLTIPS = ("Where it was written.",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "latent": socket(LATENT, "The latents to keep."),
                "name": text(
                    "face", "Name of the file, which gets a number; folders before it are made. No file is ever replaced."
                ),
            },
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, latent: Latent, name: str, node: str | None = None) -> dict[str, Any]:
        """Write the file."""
        path = new_file(LATENTS, name)
        latent.save(path)
        return written(path, node)


class LoadLatent(Node):
    """Load Latent."""

    CATEGORY = "Pastiche/files"
    DESCRIPTION = "Reads latents that were saved before. They fit the generator that they were made with."
    RETURN_TYPES = (LATENT,)
    RETURN_NAMES = ("latent",)
    OUTPUT_TOOLTIPS = ("The latents, for Stylize and Interpolate.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        files = listed(LATENTS, comfy.FILES) or [NOTHING]
        return {
            "required": {"file": choice(files, "A file in output/pastiche/latents or models/pastiche/latents.")},
            "optional": {"path": path_from("Save Latent")},
        }

    @classmethod
    def IS_CHANGED(cls, file: str = "", **_others: Any) -> str:  # noqa: N802
        """Changes when the file does."""
        return state(find_file(LATENTS, file))

    @classmethod
    def VALIDATE_INPUTS(cls, file: str | None = None, path: str | None = "") -> bool | str:  # noqa: N802
        """Whether the file is there; what comes by a wire is not known yet."""
        return valid(LATENTS, file, path)

    def run(self, file: str, path: str = "") -> tuple[Latent]:
        """Read the file."""
        from ..engine import Latent

        return (Latent.load(chosen(LATENTS, file, path)),)


def path_from(node: str) -> Inputs:
    """A wire that says which file."""
    return "STRING", {"forceInput": True, "tooltip": f"Optional: from {node}, in place of the file above."}


def valid(kind: str, file: str | None, path: str | None) -> bool | str:
    """Whether a file can be read, or what to say."""
    if path is None or file is None or find_file(kind, path or file) is not None:
        return True
    return missing(path or file, comfy.folders_of(kind))


def chosen(kind: str, file: str, path: str) -> Path:
    """The file that is meant; nothing outside of the folders of its kind is read.

    Raises:
        PasticheError: it is not there.
    """
    from ..engine import PasticheError

    found = find_file(kind, path or file)
    if found is None:
        raise PasticheError(missing(path or file, comfy.folders_of(kind)))
    return found


def written(path: Path, node: str | None) -> dict[str, Any]:
    """What a node gives that wrote a file."""
    comfy.tell(f"written: {path.name}", node)
    return {"ui": {"text": (str(path),)}, "result": (str(path),)}
