"""How a style is learned, in detail."""

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
    """What an options wire carries.

    Attributes:
        settings: all numbers, in place of a preset's.
        identity: the network of the identity loss.
    """

    settings: OneShot
    identity: Networks | None = None


class OneShotOptions(Node):
    """One-Shot Options."""

    CATEGORY = "Pastiche/styles"
    DESCRIPTION = (
        "Every number of Finetune One-Shot, in place of its preset. The values that a new node shows are those of the "
        "preset default."
    )
    RETURN_TYPES = (OPTIONS,)
    RETURN_NAMES = ("options",)
    OUTPUT_TOOLTIPS = ("For Finetune One-Shot.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "steps": integer(200, 1, 5000, "1 to 5000: more follow the reference more closely. 200 to 500 are usual."),
                "learning_rate": number(
                    0.002, 0.0001, 0.05, "0.0001 to 0.05: how far each step goes. 0.004 suits the demo models.", step=0.0001
                ),
                "decay": number(
                    0.0, 0, 1, "0 to 1: the last part of the steps, over which the learning rate falls to 0: finer textures."
                ),
                "mix": number(
                    1.0, 0, 1, "0 to 1: how far textures are exchanged for other faces' while learning; lower is gentler."
                ),
                "realism": number(
                    0.0, 0, 1, "0 to 1: how far the reference's latent is moved to the mean face; higher is a stronger style."
                ),
                "extreme": switch(
                    False, "On: learn around the mean face, for references that no encoder understands (animals, masks)."
                ),
                "space": choice(SPACES, "Where styles are mixed: w+ as the release does, s as the paper does."),
                "rows": text(
                    "",
                    "Rows of w+ that are exchanged, such as 7-17 or 9, 11, 15; row 0 is the coarsest. Empty: all from row 7 "
                    "on, or those that leave colours alone where colors is keep.",
                ),
                "blocks": text("1, 3, 4, 5", "Blocks of the discriminator whose features are compared, counted from 0."),
                "noise": choice(NOISES, "Of the generator while it learns; fixed learns textures by heart."),
                "reconstruction": number(
                    0.0,
                    0,
                    10,
                    "0 to 10: how much pixels and edges count beside the discriminator's features: less grain, softer.",
                ),
                "identity_weight": number(
                    0.0, 0, 10, "0 to 10: how much likeness counts while learning; above 0 it needs identity.", step=0.001
                ),
            },
            "optional": {
                "identity": socket(IDENTITY, "From Load Identity Network: keeps faces recognisable, as far as the weight says.")
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
    ) -> tuple[Options]:
        """Gather the numbers."""
        from ..engine import OneShot, StyleError

        if identity_weight and identity is None:
            raise StyleError(
                f"identity_weight is {identity_weight:g}, and no identity network is connected: connect Load Identity Network "
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
            identity=identity_weight,
        )
        return (Options(settings, identity),)


def whole_numbers(name: str, given: str) -> tuple[int, ...]:
    """Numbers and ranges (7-17) that were written with commas or spaces between them."""
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
