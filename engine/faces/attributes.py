"""What a small network reads from an aligned face: its expression, pose, age and the like, as numbers.

Trained on painted portraits, whose attributes are known. It judges what an edit changed, and labels random faces.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from ..classes import ATTRIBUTES, IDENTITY
from ..images import resize
from .blocks import Down, Residual, StoredModule

__all__ = ["AttributeNet", "bundled_attributes"]

SEEN = 64  # side of the picture that the network sees
WIDTHS = (24, 48, 96, 128)
CELLS = SEEN >> len(WIDTHS)  # side of the last features


class AttributeNet(StoredModule):
    """Faces to readings of `names`.

    Attributes:
        names: `classes.ATTRIBUTES`, which edits change, then `classes.IDENTITY`, by which people are told apart.
    """

    kind = "attribute network"
    file = "attributes.safetensors"
    names = (*ATTRIBUTES, *IDENTITY)

    def __init__(self) -> None:
        super().__init__()
        stages, narrow = [], 3
        for width in WIDTHS:
            stages += [Down(narrow, width), Residual(width)]
            narrow = width
        self.stages = nn.Sequential(*stages)
        self.reduce = nn.Conv2d(WIDTHS[-1], 48, 1)
        self.hidden = nn.Linear(48 * CELLS**2, 160)
        self.out = nn.Linear(160, len(self.names))

    def forward(self, images: Tensor) -> Tensor:
        """Readings ``[N, K]`` of faces ``[N, 3, H, W]`` in [-1, 1], aligned as FFHQ is; of any size.

        Their unit is the standard deviation of the painted portraits, around their mean.
        """
        x = self.reduce(self.stages(resize(images.float(), SEEN, "area")))
        readings: Tensor = self.out(torch.relu(self.hidden(x.flatten(1))))
        return readings


@lru_cache(maxsize=1)
def bundled_attributes() -> AttributeNet | None:
    """The bundled network on the CPU, loaded once; None if this installation has none."""
    return AttributeNet.bundled(otherwise="nothing judges attributes")
