"""The parameters of JoJoGAN's training, and presets for common cases.

Chong and Forsyth, "JoJoGAN: One Shot Face Stylization" (ECCV 2022); release mchong6/JoJoGAN. Where paper and
released code differ, the defaults are those of the code, and the paper's variant is a setting.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

from ..errors import StyleError

__all__ = ["PRESETS", "OneShot", "preset"]

FIRST_SWAPPED_ROW = 7  # rows 0 to 6 control pose, hair and the shape of the face
COLOR_KEEPING_ROWS = (9, 11, 15, 16, 17)  # of 18; smaller generators have only the first ones


@dataclass(frozen=True, kw_only=True)
class OneShot:
    """Settings of a one-shot fine-tuning.

    Attributes:
        steps: number of Adam steps; 200 to 500 are usual.
        lr: learning rate for equalized weights.
        decay: fraction of the steps, at the end, over which the learning rate falls to 0: from 0 (no decay, as in the
            paper and the code) to 1. Without decay, Adam's last steps are as large as the first and blur textures:
            with a decay of 0.5 the small generator draws up to three times as much texture.
        betas: Adam's coefficients.
        alpha: how much of a random face the swapped layers take, 0 to 1 (1: entirely).
        rows: rows of w+ to swap; None for all rows from 7 on.
        keep_color: swap only rows that do not affect colours, and in S space no to-RGB layer.
        greyscale: compare images without colours. To keep colours, set this and `keep_color`
            (paper, section 3.3; the released code only swaps other rows).
        space: latent space for style mixing: w+ (released code) or S, the styles of the layers (paper).
        blocks: blocks of the discriminator for the feature loss; 0 is its 1 x 1 input layer.
        reconstruction: weight of the loss on pixels and edges (ours). It removes the grain that a small discriminator
            causes, and makes images softer.
        reconstruction_scale: how many times smaller the images are that `reconstruction` compares; 1 for their full size.
            Strokes are never in the same place in two faces, so that a comparison of every pixel blurs them. At 4, it places
            colours and shapes, and leaves what is finer to the features and to `texture`.
        texture: weight of the texture loss (ours), which gives back the strokes and outlines that `reconstruction` softens.
        identity: weight of the identity loss; needs an identity network.
        extreme: use the mean face instead of the reference's own code, for references that no face encoder can
            invert (animals, masks).
        virtual: how far the reference's code is moved towards the mean face in `virtual_rows`, 0 to 1: a more
            realistic code gives a stronger style (the paper's virtual inverter).
        virtual_rows: rows of w+ for `virtual`.
        noise: the generator's noise during training.
    """

    steps: int = 200
    lr: float = 2e-3
    decay: float = 0.0
    betas: tuple[float, float] = (0.0, 0.99)
    alpha: float = 1.0
    rows: tuple[int, ...] | None = None
    keep_color: bool = False
    greyscale: bool = False
    space: Literal["w+", "s"] = "w+"
    blocks: tuple[int, ...] = (1, 3, 4, 5)
    reconstruction: float = 0.0
    reconstruction_scale: int = 1
    texture: float = 0.0
    identity: float = 0.0
    extreme: bool = False
    virtual: float = 0.0
    virtual_rows: tuple[int, ...] = (7, 9, 11)
    noise: Literal["random", "fixed"] = "random"

    def __post_init__(self) -> None:
        for name in ("alpha", "decay", "virtual"):
            if not 0 <= getattr(self, name) <= 1:
                raise StyleError(f"{name} is {getattr(self, name)}: it must lie between 0 and 1")
        if self.steps < 1 or not 0 < self.lr < inf:
            raise StyleError(f"steps is {self.steps} and lr is {self.lr}: both must be positive")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise StyleError(f"betas are {self.betas}: Adam takes two, from 0 to less than 1")
        for name in ("reconstruction", "texture", "identity"):
            if not 0 <= getattr(self, name) < inf:
                raise StyleError(f"{name} is {getattr(self, name)}: a weight is a finite number from 0 on")
        if self.reconstruction_scale < 1:
            raise StyleError(f"reconstruction_scale is {self.reconstruction_scale}: it must be 1 or more")
        if not self.blocks or min(self.blocks) < 0:
            raise StyleError(f"blocks are {self.blocks}: at least one is needed, counted from 0")
        for name, known in (("space", ("w+", "s")), ("noise", ("random", "fixed"))):
            if getattr(self, name) not in known:
                raise StyleError(f"{name} is {getattr(self, name)!r}: choose one of {', '.join(known)}")
        if min((*(self.rows or ()), *self.virtual_rows), default=0) < 0:
            raise StyleError(f"rows are {self.rows} and virtual_rows {self.virtual_rows}: rows are counted from 0")

    def rate(self, index: int) -> float:
        """The learning rate of a step, relative to `lr`. Steps are counted from 0."""
        falling = self.decay * self.steps
        return min(1.0, (self.steps - index) / falling) if falling else 1.0

    def swapped_rows(self, num_layers: int) -> tuple[int, ...]:
        """The rows to swap in a w+ code of `num_layers` rows."""
        if self.rows is not None:
            chosen: tuple[int, ...] = self.rows
        else:
            chosen = COLOR_KEEPING_ROWS if self.keep_color else tuple(range(FIRST_SWAPPED_ROW, num_layers))
        return tuple(row for row in chosen if row < num_layers)


PRESETS: dict[str, OneShot] = {
    "default": OneShot(),
    "release": OneShot(steps=300),
    "keep-color": OneShot(keep_color=True, greyscale=True, steps=300),
    "release-keep-color": OneShot(keep_color=True, steps=300),
    "strong": OneShot(virtual=0.7, steps=300),
    "gentle": OneShot(alpha=0.6, steps=150),
    "extreme": OneShot(extreme=True, steps=300),
    "paper": OneShot(space="s", virtual=0.5, steps=300),
    "quick": OneShot(steps=80),
    # The small bundled generator needs larger changes, and its discriminator mistakes grain for texture.
    "demo": OneShot(lr=4e-3, decay=0.5, reconstruction=0.2, reconstruction_scale=4, texture=5.0),
}


def preset(name: str) -> OneShot:
    """Settings by name.

    Raises:
        StyleError: there is no such preset.
    """
    if name not in PRESETS:
        raise StyleError(f"there is no preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
