"""The nodes that load networks and describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import comfy
from .contents import Role
from .inputs import Inputs, Table, choice, socket, switch
from .node import Node
from .paths import CONNECTED, MODEL, catalog_entry, checkpoints, find_checkpoint, missing, model_folders, state
from .sockets import ENCODER, GENERATOR, IDENTITY, STYLE, STYLE_ENCODER, Networks, StyledNetworks

if TYPE_CHECKING:
    from ..engine import Checkpoint
    from ..engine.checkpoints.plan import Resize
    from ..engine.latents import Space

__all__ = ["LoadFaceEncoder", "LoadIdentityNetwork", "LoadStyleEncoder", "LoadStyleGAN", "ModelInfo"]

DOWNLOAD = switch(
    False,
    "On: if the chosen file of the catalog is missing, this node downloads it into models/pastiche and shows its licence. "
    "Off: the node never downloads anything.",
)
FILE = (
    "{what} in models/pastiche or models/stylegan (.pt, .pth, .pkl, .safetensors), or an entry of the catalog of published "
    "weights. The list shows only files that fit. No code in a file is ever run."
)
AS_FILE = "as the file says"
SPACES: dict[str, Space | None] = {AS_FILE: None, "w+": "w+", "z+": "z+"}
ARCHITECTURES = (AS_FILE, "psp", "e4e", "restyle-psp", "restyle-e4e")
RESIZES: dict[str, Resize | None] = {AS_FILE: None, "bilinear": "bilinear", "area": "area"}


class Loader(Node):
    """The base of all loaders: a combo box of the files that fit, validated before the graph runs."""

    CATEGORY = "Pastiche/load"

    @classmethod
    def IS_CHANGED(cls, checkpoint: str | None = None, **_others: Any) -> str:  # noqa: N802
        """Changes when the file changes. A published file that this node downloads is the same before and afterwards."""
        if checkpoint is None:
            return CONNECTED
        item, path = catalog_entry(checkpoint), find_checkpoint(checkpoint)
        published = item is not None and (path is None or path.stat().st_size == item.bytes)
        return checkpoint if published else state(path)

    @classmethod
    def VALIDATE_INPUTS(cls, checkpoint: str | None = None, download: bool | None = False) -> bool | str:  # noqa: N802
        """Check that the file exists. Values of connected inputs are not known yet."""
        from ..engine import PasticheError

        if checkpoint is None or download is None:
            return True
        try:
            item, path = catalog_entry(checkpoint), find_checkpoint(checkpoint)
        except PasticheError as error:
            return error.message("node")
        if path is not None:
            return True
        if item is None:
            return missing(checkpoint, model_folders())
        if not download:
            return (
                f"{item.file} is not downloaded yet. Switch download on to fetch it ({item.license}), or put the file from "
                f"{item.homepage} into {model_folders()[0]}"
            )
        return True


def files(role: Role, what: str) -> Inputs:
    """A combo box of the files that fit."""
    return choice(checkpoints(role), FILE.format(what=what))


def read(chosen: str, download: bool, **asked: Any) -> Networks:
    """Load the chosen file. A missing file of the catalog is downloaded first, if `download` is set.

    Args:
        asked: arguments of `load` from the user, which override those of the file and the catalog; or None.
    """
    from .. import engine as pastiche
    from ..engine.bundle import DEMO_MODEL
    from ..engine.catalog import fetch

    item, path = catalog_entry(chosen), find_checkpoint(chosen)
    if path is None and item is not None and download:
        path = fetch(item.name, folder=comfy.folders_of("pastiche")[0], progress=comfy.ProgressReporter()).path
    if path is None:
        raise pastiche.CheckpointError(missing(chosen, model_folders()))
    told = {} if item is None or path.name != item.file else item.options
    source = f"{DEMO_MODEL}{chosen.removeprefix(MODEL)}" if chosen.startswith(MODEL) else path
    loaded = pastiche.load(source, **{**told, **{name: value for name, value in asked.items() if value is not None}})
    licensed = loaded if item is None or loaded.license else replace(loaded, license=str(item.license))
    return Networks.of(licensed, path)


class LoadStyleGAN(Loader):
    """Load StyleGAN."""

    DESCRIPTION = (
        "Loads a StyleGAN generator, with its discriminator and encoder if the file holds them. "
        "The bundled models need no download: demo, and one of each method. Put published weights into models/pastiche."
    )
    RETURN_TYPES = (GENERATOR, "STRING")
    RETURN_NAMES = ("generator", "info")
    OUTPUT_TOOLTIPS = (
        "The generator, with the other networks of the file.",
        "What was loaded: architecture, resolution, layers, licence.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {"checkpoint": files("generator", "A bundled model, a StyleGAN file")},
            "optional": {"download": DOWNLOAD},
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, checkpoint: str, download: bool = False, node: str | None = None) -> tuple[Networks, str]:
        """Load the file and describe it."""
        networks = read(checkpoint, download)
        assert networks.generator is not None
        return networks, show_description(networks, node)


class LoadFaceEncoder(Loader):
    """Load Face Encoder."""

    DESCRIPTION = (
        "Loads a face encoder (e4e, pSp, ReStyle or AgileGAN's), which inverts a face in one pass. "
        "Use it with the generator that it was trained for."
    )
    RETURN_TYPES = (ENCODER, "STRING")
    RETURN_NAMES = ("encoder", "info")
    OUTPUT_TOOLTIPS = ("The encoder.", "What was loaded: architecture, parameters, licence.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        space = (
            "The latent space of the encoder, for files that do not record it: z+ for DualStyleGAN's encoder. "
            "Otherwise leave it at: as the file says."
        )
        return {
            "required": {"checkpoint": files("encoder", "A bundled model, an encoder")},
            "optional": {
                "space": choice(tuple(SPACES), space),
                "download": DOWNLOAD,
                "architecture": choice(
                    ARCHITECTURES, "What kind of encoder it is, for a file that can't tell pSp from e4e; else as the file says."
                ),
                "resize": choice(
                    tuple(RESIZES),
                    "How pictures are brought to 256 pixels: area for DualStyleGAN's encoder_wplus.pt, else as the file says.",
                ),
            },
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(
        self,
        checkpoint: str,
        space: str = AS_FILE,
        download: bool = False,
        architecture: str = AS_FILE,
        resize: str = AS_FILE,
        node: str | None = None,
    ) -> tuple[Networks, str]:
        """Load the file and describe it."""
        from ..engine import CheckpointError

        kind = None if architecture == AS_FILE else architecture
        networks = read(checkpoint, download, space=SPACES[space], architecture=kind, resize=RESIZES[resize])
        loaded = networks.checkpoint
        if loaded.encoder is None or loaded.architecture == "arcface":
            raise CheckpointError(f"{checkpoint} holds a {loaded.architecture} and no face encoder: choose an e4e or pSp file")
        return networks, show_description(networks, node)


class LoadIdentityNetwork(Loader):
    """Load Identity Network."""

    DESCRIPTION = "Loads an ArcFace network for the identity loss, which keeps people recognisable while a style is learned."
    RETURN_TYPES = (IDENTITY, "STRING")
    RETURN_NAMES = ("identity", "info")
    OUTPUT_TOOLTIPS = ("The identity network, for One-Shot Options.", "What was loaded: architecture, parameters, licence.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {"checkpoint": files("identity", "An ArcFace (model_ir_se50.pth)")},
            "optional": {"download": DOWNLOAD},
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, checkpoint: str, download: bool = False, node: str | None = None) -> tuple[Networks, str]:
        """Load the file and describe it."""
        networks = read(checkpoint, download)
        assert networks.identity is not None
        return networks, show_description(networks, node)


class LoadStyleEncoder(Loader):
    """Load Style Encoder."""

    DESCRIPTION = "Loads BlendGAN's style encoder, which reads the style of an image, from a separate file."
    RETURN_TYPES = (STYLE_ENCODER, "STRING")
    RETURN_NAMES = ("style_encoder", "info")
    OUTPUT_TOOLTIPS = ("The style encoder, for Blend Style.", "What was loaded: architecture, parameters, licence.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {"checkpoint": files("style_encoder", "BlendGAN's style_encoder.pt or blendgan.pt")},
            "optional": {"download": DOWNLOAD},
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, checkpoint: str, download: bool = False, node: str | None = None) -> tuple[Networks, str]:
        """Load the file and describe it."""
        networks = read(checkpoint, download)
        assert networks.style_encoder is not None
        return networks, show_description(networks, node)


def show_description(networks: Networks, node: str | None) -> str:
    """Describe the loaded networks, and show the text on the node."""
    info = described(networks.checkpoint)
    comfy.show_text(info, node)
    return info


class ModelInfo(Node):
    """Model Info."""

    CATEGORY = "Pastiche/load"
    DESCRIPTION = "Describes the connected networks: architecture, resolution, layers, parameters, source and licence."
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)
    OUTPUT_TOOLTIPS = ("The description, one fact per line.",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {},
            "optional": {
                "generator": socket(GENERATOR, "From Load StyleGAN, or a fine-tuned or mixed generator."),
                "encoder": socket(ENCODER, "From Load Face Encoder."),
                "style": socket(STYLE, "A style of any method."),
            },
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(
        self,
        generator: Networks | None = None,
        encoder: Networks | None = None,
        style: StyledNetworks | None = None,
        node: str | None = None,
    ) -> dict[str, Any]:
        """Describe everything that is connected, on the node and as an output."""
        parts = [described(networks.checkpoint) for networks in (generator, encoder) if networks is not None]
        if style is not None:
            parts.append(described_style(style))
        text = "\n\n".join(parts) or "Connect a generator, an encoder or a style."
        comfy.show_text(text, node)
        return {"ui": {"text": (text,)}, "result": (text,)}


def described(checkpoint: Checkpoint) -> str:
    """The description of a checkpoint."""
    facts: dict[str, Any] = {"source": checkpoint.source, "architecture": checkpoint.architecture}
    generator = checkpoint.generator
    if generator is not None:
        facts |= {"resolution": f"{generator.resolution} pixels", "layers": generator.num_layers, "w": generator.latent_dim}
    for slot, module in checkpoint.modules.items():
        count = sum(parameter.numel() for parameter in module.parameters())
        facts[slot.replace("_", " ")] = f"{count / 1e6:.1f} million parameters"
    return lines({**facts, "licence": checkpoint.license or "not given in the file"})


def described_style(style: StyledNetworks) -> str:
    """The description of a style."""
    settings: object = getattr(style.style, "settings", None)
    chosen: Mapping[str, Any] = {} if settings is None else vars(settings)
    return lines({"style": type(style.style).__name__, "resolution": f"{style.side} pixels", **chosen})


def lines(facts: Mapping[str, Any]) -> str:
    """Format facts, one per line."""
    return "\n".join(f"{name}: {value}" for name, value in facts.items())
