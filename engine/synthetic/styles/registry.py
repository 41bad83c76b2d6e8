"""All painted styles by name. A style with a seed is one manner that is applied to many people."""

from dataclasses import dataclass, field, replace
from zlib import crc32

import torch
import torch.nn.functional as F
from torch import Generator

from ...errors import StyleError
from ..painter import Portraits, paint
from ..parameters import Parameters
from .caricature import Caricature
from .chalk import Chalk
from .chance import seeded
from .clay import Clay
from .comic import Comic
from .crayon import Crayon
from .deco import Deco
from .embroidery import Embroidery
from .engraving import Engraving
from .lowpoly import LowPoly
from .mosaic import Mosaic
from .neon import Neon
from .oil import Oil
from .papercut import Papercut
from .pastel import Pastel
from .pixel import Pixel
from .poster import Poster
from .sitter import sitter
from .sketch import Sketch
from .stained_glass import StainedGlass
from .style import Style
from .toon import Toon
from .ukiyoe import Ukiyoe
from .watercolor import Watercolor
from .woodcut import Woodcut

__all__ = ["STYLES", "PaintedStyle", "paint_style"]

STYLES: dict[str, type[Style]] = {
    "comic": Comic,
    "oil": Oil,
    "poster": Poster,
    "sketch": Sketch,
    "watercolor": Watercolor,
    "toon": Toon,
    "caricature": Caricature,
    "woodcut": Woodcut,
    "pixel": Pixel,
    "stained_glass": StainedGlass,
    "neon": Neon,
    "pastel": Pastel,
    "ukiyoe": Ukiyoe,
    "mosaic": Mosaic,
    "papercut": Papercut,
    "clay": Clay,
    "chalk": Chalk,
    "engraving": Engraving,
    "embroidery": Embroidery,
    "lowpoly": LowPoly,
    "deco": Deco,
    "crayon": Crayon,
}


@dataclass(frozen=True)
class PaintedStyle:
    """A style instance: the same name and seed paint everybody in the same manner.

    Attributes:
        name: one of `STYLES`.
        seed: selects the manner: palette, size of strokes, strength of the deformation, and so on.
        shape_seed: selects the deformation, if that is to be another manner's; None for that of `seed`.
        hand: the parameters selected by the seed.
        shaper: those that `shape_seed` selects.

    Raises:
        StyleError: there is no style of that name.
    """

    name: str
    seed: int = 0
    shape_seed: int | None = None
    hand: Style = field(init=False, repr=False)
    shaper: Style = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.name not in STYLES:
            raise StyleError(f"there is no painted style {self.name!r}: choose one of {', '.join(STYLES)}")
        for part, seed in (("hand", self.seed), ("shaper", self.seed if self.shape_seed is None else self.shape_seed)):
            object.__setattr__(self, part, STYLES[self.name].draw(seeded(self.name, seed)))

    @torch.no_grad()
    def __call__(self, q: Parameters, resolution: int) -> Portraits:
        """Paint portraits; landmarks and layers are those of the reshaped faces."""
        shaped = self.shaper.reshape(q.replace(glasses=(q.glasses > 0.5).to(q.glasses)))  # glasses are never half transparent
        plain = paint(shaped, resolution)
        pictures = [
            self.hand.paint(sitter(plain, n, shaped[n : n + 1], self.hand.finer), self._sheet(q[n : n + 1]))
            for n in range(len(q))
        ]
        images = F.interpolate(torch.cat(pictures), (resolution, resolution), mode="area").clamp(0, 1) * 2 - 1
        return replace(plain, images=images)

    def _sheet(self, q: Parameters) -> Generator:
        """A random generator for one portrait, independent of the others in its batch."""
        traits = torch.cat([value.flatten() for value in vars(q).values()]).cpu()
        rough = (100 * traits).round().to(torch.int32)  # the last bits of a number depend on its batch
        return seeded(self.name, self.seed, crc32(rough.numpy().tobytes()))


def paint_style(name: str, q: Parameters, resolution: int, *, seed: int = 0) -> Portraits:
    """Paint portraits in a style; see `PaintedStyle`."""
    return PaintedStyle(name, seed)(q, resolution)
