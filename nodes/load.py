"""Loading networks, and saying what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import comfy
from .contents import Role
from .inputs import Inputs, Table, choice, socket, switch
from .node import Node
from .places import catalog_entry, checkpoints, find_checkpoint, missing, model_folders, state
from .sockets import ENCODER, GENERATOR, IDENTITY, STYLE, STYLE_ENCODER, Networks, StyledNetworks

if TYPE_CHECKING:
    from ..engine import Checkpoint
    from ..engine.checkpoints.plan import Resize
    from ..engine.latents import Space

__all__ = ["LoadFaceEncoder", "LoadIdentityNetwork", "LoadStyleEncoder", "LoadStyleGAN", "ModelInfo"]

DOWNLOAD = switch(
    False,
    "On: a file of the catalog that is not here yet is downloaded into models/pastiche when this node runs; its licence is "
    "shown. Off: nothing is ever downloaded.",
)
FILE = (
    "{what} in models/pastiche or models/stylegan (.pt, .pth, .pkl, .safetensors), or an entry of the catalog of published "
    "weights. Only files that fit are listed; nothing in them is run."
)
AS_FILE = "as the file says"
SPACES: dict[str, Space | None] = {AS_FILE: None, "w+": "w+", "z+": "z+"}
ARCHITECTURES = (AS_FILE, "psp", "e4e", "restyle-psp", "restyle-e4e")
RESIZES: dict[str, Resize | None] = {AS_FILE: None, "bilinear": "bilinear", "area": "area"}


class Loader(Node):
    """What all loaders share: a combo of the files that fit, which is checked before anything runs."""

    CATEGORY = "Pastiche/load"

    @classmethod
    def IS_CHANGED(cls, checkpoint: str = "", **_others: Any) -> str:  # noqa: N802
        """Changes when the file does."""
        return state(find_checkpoint(checkpoint))

    @classmethod
    def VALIDATE_INPUTS(cls, checkpoint: str | None = None, download: bool | None = False) -> bool | str:  # noqa: N802
        """Whether the file is there; what comes by a wire is not known yet."""
        from ..engine import PasticheError

        if checkpoint is None or download is None:
            return True
        try:
            item = catalog_entry(checkpoint)
        except PasticheError as error:
            return str(error)
        if item is not None and not download and find_checkpoint(checkpoint) is None:
            return (
                f"{item.file} has not been downloaded. Switch download on to fetch it ({item.license}), or put the file from "
                f"{item.homepage} into {model_folders()[0]}"
            )
        if item is None and find_checkpoint(checkpoint) is None:
            return missing(checkpoint, model_folders())
        return True


def files(role: Role, what: str) -> Inputs:
    """A combo of the files that fit."""
    return choice(checkpoints(role), FILE.format(what=what))


def read(chosen: str, download: bool, **asked: Any) -> Networks:
    """The networks of a choice; fetched first if it is of the catalog, is not there, and may be.

    Args:
        asked: arguments of `load` that the user knows better than the file and the catalog, or None.
    """
    from .. import engine as pastiche
    from ..engine.catalog import fetch

    item, path = catalog_entry(chosen), find_checkpoint(chosen)
    if path is None and item is not None and download:
        path = fetch(item.name, folder=comfy.folders_of("pastiche")[0], progress=comfy.Watch()).path
    if path is None:
        raise pastiche.CheckpointError(missing(chosen, model_folders()))
    told = {} if item is None or path.name != item.file else item.options
    loaded = pastiche.load(path, **{**told, **{name: value for name, value in asked.items() if value is not None}})
    licensed = loaded if item is None or loaded.license else replace(loaded, license=str(item.license))
    return Networks.of(licensed, path)


class LoadStyleGAN(Loader):
    """Load StyleGAN."""

    DESCRIPTION = (
        "Loads a StyleGAN generator, with its discriminator and encoder where the file holds them. "
        "The demo bundle works without any download; published weights go to models/pastiche."
    )
    RETURN_TYPES = (GENERATOR, "STRING")
    RETURN_NAMES = ("generator", "info")
    OUTPUT_TOOLTIPS = (
        "The generator, with the networks that came with it.",
        "What was loaded: architecture, resolution, layers, licence.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {"checkpoint": files("generator", "The demo bundle, a StyleGAN file")},
            "optional": {"download": DOWNLOAD},
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, checkpoint: str, download: bool = False, node: str | None = None) -> tuple[Networks, str]:
        """Load, and say what it is."""
        networks = read(checkpoint, download)
        assert networks.generator is not None
        return networks, said(networks, node)


class LoadFaceEncoder(Loader):
    """Load Face Encoder."""

    DESCRIPTION = (
        "Loads an encoder (e4e, pSp, ReStyle, AgileGAN's), which finds the latent of a face in one look. "
        "It must belong to the generator that it is used with."
    )
    RETURN_TYPES = (ENCODER, "STRING")
    RETURN_NAMES = ("encoder", "info")
    OUTPUT_TOOLTIPS = ("The encoder.", "What was loaded: architecture, parameters, licence.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        space = (
            "Space of the encoder's codes, for files that can't tell: z+ for the encoder of DualStyleGAN, "
            "else leave it as the file says."
        )
        return {
            "required": {"checkpoint": files("encoder", "The demo bundle, an encoder")},
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
        """Load, and say what it is."""
        from ..engine import CheckpointError

        kind = None if architecture == AS_FILE else architecture
        networks = read(checkpoint, download, space=SPACES[space], architecture=kind, resize=RESIZES[resize])
        loaded = networks.checkpoint
        if loaded.encoder is None or loaded.architecture == "arcface":
            raise CheckpointError(f"{checkpoint} holds no encoder, but a {loaded.architecture}: choose an e4e or pSp file")
        return networks, said(networks, node)


class LoadIdentityNetwork(Loader):
    """Load Identity Network."""

    DESCRIPTION = "Loads an ArcFace, which tells whose face it is: it keeps people recognisable while a style is learned."
    RETURN_TYPES = (IDENTITY, "STRING")
    RETURN_NAMES = ("identity", "info")
    OUTPUT_TOOLTIPS = ("The identity network, for One-Shot Options.", "What was loaded: architecture, parameters, licence.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {"checkpoint": files("identity", "An ArcFace (model_ir_se50.pth)")},
            "optional": {"download": DOWNLOAD},
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, checkpoint: str, download: bool = False, node: str | None = None) -> tuple[Networks, str]:
        """Load, and say what it is."""
        networks = read(checkpoint, download)
        assert networks.identity is not None
        return networks, said(networks, node)


class LoadStyleEncoder(Loader):
    """Load Style Encoder."""

    DESCRIPTION = "Loads BlendGAN's style encoder, which reads the style of a picture, from a file of its own."
    RETURN_TYPES = (STYLE_ENCODER, "STRING")
    RETURN_NAMES = ("style_encoder", "info")
    OUTPUT_TOOLTIPS = ("The style encoder, for Blend Style.", "What was loaded: architecture, parameters, licence.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {"checkpoint": files("style_encoder", "BlendGAN's style_encoder.pt or blendgan.pt")},
            "optional": {"download": DOWNLOAD},
            "hidden": {"node": "UNIQUE_ID"},
        }

    def run(self, checkpoint: str, download: bool = False, node: str | None = None) -> tuple[Networks, str]:
        """Load, and say what it is."""
        networks = read(checkpoint, download)
        assert networks.style_encoder is not None
        return networks, said(networks, node)


def said(networks: Networks, node: str | None) -> str:
    """What was loaded, in words; shown on the node as well."""
    info = described(networks.checkpoint)
    comfy.tell(info, node)
    return info


class ModelInfo(Node):
    """Model Info."""

    CATEGORY = "Pastiche/load"
    DESCRIPTION = "Says in words what is connected: architecture, resolution, layers, parameters, source and licence."
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)
    OUTPUT_TOOLTIPS = ("The facts, a line each.",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {},
            "optional": {
                "generator": socket(GENERATOR, "From Load StyleGAN, or a generator that was tuned or mixed."),
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
        """All facts, as text on the node and as an output."""
        parts = [described(networks.checkpoint) for networks in (generator, encoder) if networks is not None]
        if style is not None:
            parts.append(described_style(style))
        text = "\n\n".join(parts) or "Connect a generator, an encoder or a style."
        comfy.tell(text, node)
        return {"ui": {"text": (text,)}, "result": (text,)}


def described(checkpoint: Checkpoint) -> str:
    """A checkpoint in words."""
    facts: dict[str, Any] = {"source": checkpoint.source, "architecture": checkpoint.architecture}
    generator = checkpoint.generator
    if generator is not None:
        facts |= {"resolution": f"{generator.resolution} pixels", "layers": generator.num_layers, "w": generator.latent_dim}
    for slot, module in checkpoint.modules.items():
        count = sum(parameter.numel() for parameter in module.parameters())
        facts[slot.replace("_", " ")] = f"{count / 1e6:.1f} million parameters"
    return lines({**facts, "licence": checkpoint.license or "the file does not say"})


def described_style(style: StyledNetworks) -> str:
    """A style in words."""
    settings: object = getattr(style.style, "settings", None)
    chosen: Mapping[str, Any] = {} if settings is None else vars(settings)
    return lines({"style": type(style.style).__name__, "resolution": f"{style.side} pixels", **chosen})


def lines(facts: Mapping[str, Any]) -> str:
    """Facts, a line each."""
    return "\n".join(f"{name}: {value}" for name, value in facts.items())
