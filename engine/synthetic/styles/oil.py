"""Oil on canvas: broad strokes first, finer ones at the focus, and impasto that catches the light."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, luma, mix, to_oklab
from .directions import across_picture, along_form
from .edges import creases
from .palettes import tuned
from .paper import canvas, embossed
from .proportions import moved, scaled
from .sitter import Sitter
from .strokes import Brush, Paint, lay
from .style import Style

__all__ = ["Oil"]

# Colours of ground, shadow, light and background.
PALETTES = (
    ("7a4a2c", "2a2330", "ffe7bd", "4a3b32"),  # studio brown
    ("8c5a3c", "1f2d45", "ffd9a0", "27506b"),  # warm against blue
    ("6d6a4a", "22382f", "fff0c4", "6f8a5a"),  # garden
    ("94605a", "3b2347", "ffdcc8", "a4708a"),  # rose
    ("5d6f7a", "202a44", "f4ecd8", "8fa9b4"),  # north light
    ("a06a2c", "35201c", "ffe08a", "b98a3a"),  # ochre
)


@dataclass(frozen=True, kw_only=True)
class Oil(Style):
    """Attributes: `size` scales the strokes; `thick`, the relief of the paint; `swirl` of the background; `shape`, the
    strength of the reshaping.
    """

    palette: tuple[str, ...]
    size: float
    length: float
    thick: float
    varied: float
    vivid: float
    swirl: float
    slant: float
    own: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "Oil":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            size=uniform(rng, 0.75, 1.3),
            length=uniform(rng, 2.4, 4.2),
            thick=uniform(rng, 0.5, 1.1),
            varied=uniform(rng, 0.018, 0.045),
            vivid=uniform(rng, 1.15, 1.7),
            swirl=uniform(rng, 0.05, 0.25),
            slant=uniform(rng, 0.0, 0.5),
            own=uniform(rng, 0.15, 0.6),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Flattering: larger eyes, a fuller mouth, a finer nose, a slender jaw and neck."""
        q = scaled(
            q,
            self.shape,
            eye_size=1.16,
            lip_upper=1.2,
            lip_lower=1.15,
            chin_length=0.96,
            jaw_width=0.94,
            nose_width=0.88,
            neck=0.92,
        )
        return moved(q, self.shape, brow_y=0.02)

    finer = 1

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        wanted = self._colors(it)
        behind = across_picture(rng, it, self.slant, self.swirl)
        ground = mix(torch.zeros_like(wanted), hexes(self.palette[0])[0], 1.0)
        paint = Paint(color=ground, height=torch.zeros_like(it.figure))
        detail = self._detail(it)
        for level, size in enumerate((0.055, 0.027, 0.014, 0.0075)):
            brush = self._brush(size * self.size, level)
            angle = along_form(it, 0.5 * brush.spacing + 0.006, behind)
            paint = lay(rng, brush, paint, blur(wanted, 0.25 * brush.spacing), angle, self._where(it, detail, level))
        relief = blur(paint.height, 0.0015) + 0.05 * canvas(it.side, detail)
        return (paint.color * embossed(relief, self.thick)).clamp(0, 1)

    def _where(self, it: Sitter, detail: Tensor, level: int) -> Tensor:
        """Opacity of each layer: everywhere, then on the figure, then on detail, then at the focus."""
        if level == 0:
            return torch.full_like(detail, 0.97)
        if level == 3:
            return 0.95 * smoothstep(self._focus(it), 0.2, 0.5)
        return 0.9 * smoothstep(detail, 0.06 * level, 0.06 + 0.14 * level)

    def _brush(self, spacing: float, level: int) -> Brush:
        return Brush(
            spacing=spacing,
            length=self.length,
            width=1.5,
            taper=0.35,
            ragged=0.45,
            dry=0.25 / (1 + level),
            bristles=4,
            stray=0.2 / (1 + level),
            varied=self.varied / (1 + 0.6 * level),
            load=0.9 * 0.5**level,
        )

    def _colors(self, it: Sitter) -> Tensor:
        """The image with warm light and coloured shadows, over a background from the palette."""
        _, dark, bright, back = hexes(*self.palette)
        tone = luma(it.photo)
        backdrop = mix(mix(it.photo, back, 1 - self.own), dark, 0.5 * (1 - blur(it.figure, 0.1)) * 0.6)
        # Exaggerate light and shadow.
        modelled = it.photo * (0.72 + 0.42 * it.light)
        modelled = mix(modelled, dark, 0.75 * smoothstep(blur(it.layers.lines, 0.0015), 0.2, 0.7))
        modelled = mix(modelled, dark, 0.5 * smoothstep(creases(it, 0.014), 0.2, 0.7))
        picture = mix(backdrop, modelled, it.figure)
        lab = to_oklab(picture)
        lab = torch.cat([(lab[:, :1] - 0.55) * 1.12 + 0.56, lab[:, 1:] * self.vivid], dim=1)
        picture = from_oklab(lab)
        picture = mix(picture, dark, 0.35 * smoothstep(tone, 0.4, 0.05))
        return mix(picture, bright, 0.4 * smoothstep(tone, 0.6, 0.98) * it.figure)

    @staticmethod
    def _focus(it: Sitter) -> Tensor:
        """Mask of eyes, mouth and brows, for the finest brush."""
        return blur(it.layers.eyes + it.layers.lips + it.layers.lines + it.layers.brows + it.layers.glasses, 0.004).clamp(0, 1)

    def _detail(self, it: Sitter) -> Tensor:
        change = (it.photo - blur(it.photo, 0.02)).abs().mean(dim=1, keepdim=True)
        return blur(3.0 * change + 0.12 * it.figure + self._focus(it), 0.008)
