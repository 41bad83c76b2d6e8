"""The node with all parameters for learning a style."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .inputs import Table, choice, integer, number, socket, switch, text
from .node import Node
from .sockets import IDENTITY, OPTIONS, Networks

if TYPE_CHECKING:
    from ..engine import OneShot

__all__ = ["OneShotOptions", "Options"]

SPACES = ("w+", "s")
NOISES = ("random", "fixed")
NUMBERS = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")


@dataclass(frozen=True, eq=False)
class Options:
    """The value of an options connection.

    Attributes:
        settings: all parameters; they replace a preset.
        identity: the network for the identity loss.
    """

    settings: OneShot
    identity: Networks | None = None


class OneShotOptions(Node):
    """One-Shot Options."""

    CATEGORY = "Pastiche/styles"
    DESCRIPTION = (
        "All parameters of Finetune One-Shot. They replace its preset. A new node shows the values of the preset default."
    )
    RETURN_TYPES = (OPTIONS,)
    RETURN_NAMES = ("options",)
    OUTPUT_TOOLTIPS = ("For Finetune One-Shot.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "steps": integer(
                    200,
                    1,
                    5000,
                    "1 to 5000: training steps. More steps follow the reference more closely; 200 to 500 are usual.",
                ),
                "learning_rate": number(
                    0.002,
                    0.0001,
                    0.05,
                    "0.0001 to 0.05: the learning rate of the optimizer. 0.004 suits the demo models.",
                    step=0.0001,
                ),
                "decay": number(
                    0.0,
                    0,
                    1,
                    "0 to 1: the fraction of the steps, at the end, in which the learning rate falls to 0. Gives finer "
                    "textures.",
                ),
                "mix": number(1.0, 0, 1, "0 to 1: strength of style mixing during training. Lower values change faces less."),
                "realism": number(
                    0.0,
                    0,
                    1,
                    "0 to 1: how far the reference's latent is moved towards the mean face. Higher values give a stronger "
                    "style.",
                ),
                "extreme": switch(
                    False,
                    "On: train with the mean face as the reference's latent. For references that no encoder can invert "
                    "(animals, masks).",
                ),
                "space": choice(SPACES, "The latent space for style mixing: w+ as in the released code, s as in the paper."),
                "rows": text(
                    "",
                    "Rows of w+ for style mixing, such as 7-17 or 9, 11, 15; row 0 is the coarsest. Empty: all rows from 7 on, "
                    "or the rows that do not affect colours if colors is keep.",
                ),
                "blocks": text("1, 3, 4, 5", "Discriminator blocks whose features the loss compares, counted from 0."),
                "noise": choice(NOISES, "The generator's noise during training. fixed: textures are memorized."),
                "reconstruction": number(
                    0.0,
                    0,
                    10,
                    "0 to 10: weight of a loss on pixels and edges, in addition to the discriminator's features. Gives less "
                    "grain "
                    "and softer images.",
                ),
                "identity_weight": number(
                    0.0, 0, 10, "0 to 10: weight of the identity loss. Above 0, connect identity.", step=0.001
                ),
            },
            "optional": {
                "identity": socket(
                    IDENTITY, "From Load Identity Network: keeps faces recognisable. identity_weight sets how much."
                ),
                "texture": number(
                    0.0,
                    0,
                    10,
                    "0 to 10: weight of a loss on the amount and direction of texture. Brings back strokes and outlines that "
                    "reconstruction softens; 5 suits the demo models.",
                ),
                "reconstruction_scale": integer(
                    1,
                    1,
                    64,
                    "1 to 64: how many times smaller the images are that reconstruction compares. 1 compares every pixel and "
                    "blurs strokes; 4 suits the demo models.",
                ),
            },
        }

    def run(
        self,
        steps: int,
        learning_rate: float,
        decay: float,
        mix: float,
        realism: float,
        extreme: bool,
        space: Any,
        rows: str,
        blocks: str,
        noise: Any,
        reconstruction: float,
        identity_weight: float,
        identity: Networks | None = None,
        texture: float = 0.0,
        reconstruction_scale: int = 1,
    ) -> tuple[Options]:
        """Collect the parameters."""
        from ..engine import OneShot, StyleError

        if identity_weight and identity is None:
            raise StyleError(
                f"identity_weight is {identity_weight:g}, but no identity network is connected: connect Load Identity Network "
                "to identity, or set identity_weight to 0"
            )
        settings = OneShot(
            steps=steps,
            lr=learning_rate,
            decay=decay,
            alpha=mix,
            virtual=realism,
            extreme=extreme,
            space=space,
            rows=whole_numbers("rows", rows) or None,
            blocks=whole_numbers("blocks", blocks),
            noise=noise,
            reconstruction=reconstruction,
            reconstruction_scale=reconstruction_scale,
            texture=texture,
            identity=identity_weight,
        )
        return (Options(settings, identity),)


def whole_numbers(name: str, given: str) -> tuple[int, ...]:
    """Parse integers and ranges (7-17), separated by commas or spaces."""
    from ..engine import StyleError

    found: list[int] = []
    for part in given.replace(",", " ").split():
        written = NUMBERS.fullmatch(part)
        numbers = [] if written is None else range(int(written[1]), int(written[2] or written[1]) + 1)
        if not numbers:
            raise StyleError(
                f"{name} is {given!r}: write whole numbers or ranges with commas between them, such as 7, 8, 9 or 7-17"
            )
        found += numbers
    return tuple(found)
