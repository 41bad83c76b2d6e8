"""The nodes that save and load styles and latents, in ComfyUI's folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from . import comfy
from .inputs import Inputs, Table, choice, socket, switch, text
from .node import Node
from .paths import CONNECTED, NOTHING, find_file, found_file, listed, missing, new_file, state
from .sockets import GENERATOR, LATENT, STYLE, Networks, StyledNetworks

if TYPE_CHECKING:
    from ..engine import Latent

__all__ = ["LoadLatent", "LoadStyle", "SaveLatent", "SaveStyle"]

STYLES, LATENTS = "pastiche_styles", "pastiche_latents"


class SavedFile(Node):
    """The base of the nodes that load what another node saved: a combo box of the files, or a connected path."""

    CATEGORY = "Pastiche/files"
    KIND: ClassVar[str]

    @classmethod
    def IS_CHANGED(cls, file: str | None = None, path: str | None = "", **_others: Any) -> str:  # noqa: N802
        """Changes when the file changes."""
        return CONNECTED if path is None else state(found_file(cls.KIND, path or file))

    @classmethod
    def VALIDATE_INPUTS(cls, file: str | None = None, path: str | None = "") -> bool | str:  # noqa: N802
        """Check that the file exists. Values of connected inputs are not known yet."""
        if path is None or file is None or find_file(cls.KIND, path or file) is not None:
            return True
        return missing(path or file, comfy.folders_of(cls.KIND))

    def chosen(self, file: str, path: str) -> Path:
        """The path of the chosen file. Only files in the folders of its kind are read.

        Raises:
            PasticheError: there is no such file.
        """
        from ..engine import PasticheError

        found = find_file(self.KIND, path or file)
        if found is None:
            raise PasticheError(missing(path or file, comfy.folders_of(self.KIND)))
        return found


class SaveStyle(Node):
    """Save Style."""

    CATEGORY = "Pastiche/files"
    DESCRIPTION = (
        "Saves a style to output/pastiche/styles. The file holds only the changes to the generator, and works with that "
        "generator only."
    )
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("file",)
    OUTPUT_TOOLTIPS = ("The path of the file.",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "style": socket(STYLE, "The style to save."),
                "name": text(
                    "style",
                    "Name of the file. A number is appended, so that no file is ever replaced. Folders in the name are "
                    "created.",
                ),
            },
            "optional": {"half": switch(False, "On: half the file size, without visible differences. For learned styles.")},
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


class LoadStyle(SavedFile):
    """Load Style."""

    KIND = STYLES
    DESCRIPTION = "Loads a saved style for the generator that it was learned on."
    RETURN_TYPES = (STYLE,)
    RETURN_NAMES = ("style",)
    OUTPUT_TOOLTIPS = ("The style, for Stylize.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "The generator that the style was learned on."),
                "file": choice(
                    listed(STYLES, comfy.FILES) or [NOTHING], "A style in output/pastiche/styles or models/pastiche/styles."
                ),
            },
            "optional": {"path": path_from("Save Style")},
        }

    def run(self, generator: Networks, file: str, path: str = "") -> tuple[StyledNetworks]:
        """Read the file."""
        from .. import engine as pastiche

        generator.ready("generator")
        style = pastiche.load_style(self.chosen(file, path), generator.checkpoint.stylegan2)
        return (StyledNetworks.of(style, generator),)


class SaveLatent(Node):
    """Save Latent."""

    CATEGORY = "Pastiche/files"
    DESCRIPTION = "Saves latents to output/pastiche/latents, so that faces can be drawn later without their photo."
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("file",)
    OUTPUT_TOOLTIPS = ("The path of the file.",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "latent": socket(LATENT, "The latents to save."),
                "name": text(
                    "face",
                    "Name of the file. A number is appended, so that no file is ever replaced. Folders in the name are "
                    "created.",
                ),
            },
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, latent: Latent, name: str, node: str | None = None) -> dict[str, Any]:
        """Write the file."""
        path = new_file(LATENTS, name)
        latent.save(path)
        return written(path, node)


class LoadLatent(SavedFile):
    """Load Latent."""

    KIND = LATENTS
    DESCRIPTION = "Loads saved latents. They work with the generator that they were made with."
    RETURN_TYPES = (LATENT,)
    RETURN_NAMES = ("latent",)
    OUTPUT_TOOLTIPS = ("The latents, for Stylize and Interpolate.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        files = listed(LATENTS, comfy.FILES) or [NOTHING]
        return {
            "required": {"file": choice(files, "A file in output/pastiche/latents or models/pastiche/latents.")},
            "optional": {"path": path_from("Save Latent")},
        }

    def run(self, file: str, path: str = "") -> tuple[Latent]:
        """Read the file."""
        from ..engine import Latent

        return (Latent.load(self.chosen(file, path)),)


def path_from(node: str) -> Inputs:
    """An optional input for the path of the file."""
    return "STRING", {"forceInput": True, "tooltip": f"Optional: the path from {node}. It replaces the file above."}


def written(path: Path, node: str | None) -> dict[str, Any]:
    """The result of a node that wrote a file."""
    comfy.show_text(f"saved: {path.name}", node)
    return {"ui": {"text": (str(path),)}, "result": (str(path),)}
