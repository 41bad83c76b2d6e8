"""The nodes that make styles with pretrained models: BlendGAN, DualStyleGAN, AgileGAN."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contents import Role
from .inputs import Table, choice, integer, number, seed, socket, switch, text
from .node import Node
from .paths import beside, companions, find_file, fitting, found_file, missing, model_folders, state
from .pictures import from_comfy
from .sockets import ENCODER, GENERATOR, STYLE, STYLE_ENCODER, Networks, StyledNetworks

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine.dualstylegan import CodeSampler

__all__ = ["AttributeStyle", "BlendStyle", "DualStyleTransfer"]

AUTOMATIC, NO_TABLE = "automatic", "none"
EXEMPLARS, SAMPLERS = (".npy", ".safetensors"), (".pt", ".pth", ".safetensors")


class StyleNode(Node):
    """A node whose output is a style."""

    CATEGORY = "Pastiche/styles"
    RETURN_TYPES = (STYLE,)
    RETURN_NAMES = ("style",)
    OUTPUT_TOOLTIPS = ("The style, for Stylize.",)


class BlendStyle(StyleNode):
    """Blend Style."""

    DESCRIPTION = "BlendGAN: the style of any image, without training, or a random style."

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "A BlendGAN checkpoint (blendgan.pt) from Load StyleGAN."),
                "indicator": integer(
                    6,
                    0,
                    18,
                    "0 to 18: how many of the first layers ignore the style. 0: strongest style. 6: keeps the face. "
                    "From the number of the generator's layers on: no style; 14 for the bundled model, 18 at 1024 pixels.",
                ),
                "seed": seed("0 to 9223372036854775807. Seed of a random style. A connected reference replaces it."),
            },
            "optional": {
                "reference": socket(
                    "IMAGE", "An image in the style. It need not show a face. Only the first image of a batch is used."
                ),
                "style_encoder": socket(
                    STYLE_ENCODER, "From Load Style Encoder: reads the reference, if the generator's file has no style encoder."
                ),
            },
        }

    def run(
        self,
        generator: Networks,
        indicator: int,
        seed: int,
        reference: Tensor | None = None,
        style_encoder: Networks | None = None,
    ) -> tuple[StyledNetworks]:
        """Read the style of the reference, or sample a random one."""
        from .. import engine as pastiche

        generator.ready("generator", "style_encoder", beside=(style_encoder,))
        layers = generator.generator.num_layers
        make = partial(pastiche.blend_style, generator.checkpoint, indicator=min(indicator, layers))
        if reference is None:
            style = make(seed=seed)
        else:
            reader = None if style_encoder is None else style_encoder.style_encoder
            style = make(from_comfy(reference[:1]), style_encoder=reader)
        return (StyledNetworks.of(style, generator),)


class DualStyleTransfer(StyleNode):
    """Dual Style Transfer."""

    DESCRIPTION = (
        "DualStyleGAN: the style of an exemplar that the generator was trained on. Structure and colour have separate controls."
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        tables = [AUTOMATIC, NO_TABLE, *fitting("pastiche", EXEMPLARS, "exemplars")]
        samplers = [AUTOMATIC, *fitting("pastiche", SAMPLERS, "sampler")]
        return {
            "required": {
                "generator": socket(GENERATOR, "A DualStyleGAN checkpoint (STYLE/generator.pt) from Load StyleGAN."),
                "exemplars": choice(
                    tables,
                    "The style codes for the generator (refined_exstyle_code.npy) in models/pastiche. "
                    "automatic: the file in the generator's folder, or else the codes in its own file, if there are any. "
                    "none: a random style.",
                ),
                "exemplar": text("0", "Number of the exemplar, from 0, or its name."),
                "structure": number(
                    0.75, 0, 2, "0 to 2: how much of the exemplar's structure to use. 0 keeps the shapes of the face."
                ),
                "color": number(1.0, 0, 2, "0 to 2: how much of the exemplar's colours and texture to use."),
                "seed": seed(
                    "0 to 9223372036854775807. Seed of a random style, if there are neither exemplars nor a reference."
                ),
            },
            "optional": {
                "reference": socket("IMAGE", "An aligned face in the style. It replaces exemplars, and needs encoder."),
                "encoder": socket(ENCODER, "DualStyleGAN's encoder, loaded with space z+. It reads the reference."),
                "truncation": number(
                    0.75, 0, 1, "0 to 1: truncation of the face. Lower values make it more typical; 1 leaves it unchanged."
                ),
                "preserve_color": switch(False, "On: the colours of the face are kept, adapted to the style."),
                "sampler": choice(
                    samplers,
                    "The network that samples random styles (sampler.pt) in models/pastiche. automatic: the one in the "
                    "generator's file, or in its folder.",
                ),
            },
        }

    @classmethod
    def IS_CHANGED(  # noqa: N802
        cls, exemplars: str | None = AUTOMATIC, sampler: str | None = AUTOMATIC, **_others: Any
    ) -> str:
        """Changes when a chosen file changes, or one that may be found in the generator's folder."""
        choices: tuple[tuple[str | None, Role], ...] = ((exemplars, "exemplars"), (sampler, "sampler"))
        return " ".join(
            companions(role) if chosen == AUTOMATIC else state(found_file("pastiche", chosen)) for chosen, role in choices
        )

    @classmethod
    def VALIDATE_INPUTS(cls, exemplars: str | None = None, sampler: str | None = None) -> bool | str:  # noqa: N802
        """Check that the chosen files exist."""
        for file in (exemplars, sampler):
            if file not in (None, AUTOMATIC, NO_TABLE) and find_file("pastiche", str(file)) is None:
                return missing(str(file), model_folders()[:1])
        return True

    def run(
        self,
        generator: Networks,
        exemplars: str,
        exemplar: str,
        structure: float,
        color: float,
        seed: int,
        reference: Tensor | None = None,
        encoder: Networks | None = None,
        truncation: float = 0.75,
        preserve_color: bool = False,
        sampler: str = AUTOMATIC,
    ) -> tuple[StyledNetworks]:
        """Use the exemplar, read the reference, or sample a random style."""
        from .. import engine as pastiche

        reads = () if reference is None else ("encoder",)
        generator.ready("generator", "sampler", *reads, beside=(encoder,))
        amounts = pastiche.DualSettings(structure=structure, color=color, truncation=truncation, preserve_color=preserve_color)
        make = partial(pastiche.dual_style, generator.checkpoint, settings=amounts)
        table = found(generator, exemplars, "exemplars")
        if reference is not None:
            style = make(from_comfy(reference[:1]), encoder=(encoder or generator).checkpoint.encoder)
        elif table is not None:
            style = make(parsed_exemplar(exemplar), exemplars=pastiche.load_exemplars(table))
        elif exemplars == AUTOMATIC and generator.checkpoint.exemplars is not None:
            style = make(parsed_exemplar(exemplar))
        else:
            style = make(seed=seed, sampler=sampling_network(generator, sampler))
        return (StyledNetworks.of(style, generator),)


class AttributeStyle(StyleNode):
    """Attribute Style."""

    DESCRIPTION = "AgileGAN: a generator that was fine-tuned to one style, with a separate path for each attribute."

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "An AgileGAN checkpoint (cartoon.pt) from Load StyleGAN."),
                "attribute": text(
                    "0",
                    "The path: its number from 0, its name (female, male), or a fraction such as 0.5, which mixes two paths.",
                ),
            },
            "optional": {
                "source": socket(
                    GENERATOR,
                    "The face generator that it was fine-tuned from. It maps the codes of AgileGAN's encoder, and is needed "
                    "for strengths below 1.",
                ),
            },
        }

    def run(self, generator: Networks, attribute: str, source: Networks | None = None) -> tuple[StyledNetworks]:
        """Choose the path."""
        from .. import engine as pastiche

        plain = None if source is None else source.checkpoint.stylegan2
        style = pastiche.attribute_style(generator.checkpoint, parsed_attribute(attribute), source=plain)
        sources = (generator,) if source is None else (generator, source)
        return (StyledNetworks.of(style, *sources),)


def found(generator: Networks, chosen: str, role: Role) -> Path | None:
    """The path of a choice; None if none was chosen, or if the generator's folder has none."""
    return beside(generator.path, role) if chosen == AUTOMATIC else find_file("pastiche", chosen)


def sampling_network(generator: Networks, chosen: str) -> CodeSampler | None:
    """The network that samples random styles; None to use the generator's own.

    Raises:
        StyleError: there is no such network for this generator.
    """
    from .. import engine as pastiche
    from ..engine.dualstylegan import CodeSampler, DualStyleGenerator

    checkpoint = generator.checkpoint
    if not isinstance(checkpoint.generator, DualStyleGenerator) or (chosen == AUTOMATIC and checkpoint.sampler is not None):
        return None
    path = found(generator, chosen, "sampler")
    network = None if path is None else pastiche.load(path).sampler
    if not isinstance(network, CodeSampler):
        raise pastiche.StyleError(
            f"found neither exemplars nor a sampling network for {checkpoint.source}: put refined_exstyle_code.npy or "
            "sampler.pt into its folder, choose them in exemplars or sampler, or connect a reference"
        )
    return network


def parsed_exemplar(given: str) -> int | str:
    """Parse a non-negative integer; any other text is a name."""
    word = given.strip()
    return int(word) if word.isdecimal() else word


def parsed_attribute(given: str) -> int | float | str:
    """Parse a number, which may be fractional; any other text is a name."""
    try:
        return float(given) if not given.strip().isdecimal() else int(given)
    except ValueError:
        return given.strip()
