"""A pencil drawing: repeated outlines, hatching along the form, the tooth of the paper."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, multiply, sheet
from .directions import across_picture, along_form
from .ink import Pen, ink
from .noise import noise
from .paper import tooth
from .proportions import moved, scaled
from .sitter import Sitter
from .strokes import Brush, Paint, lay
from .style import Style

__all__ = ["Sketch"]

# Paper, pencil, and the chalk for the lights of toned paper.
MEDIA = (
    ("f6f3ea", "33343a", None),  # graphite
    ("fbfaf6", "3c3e46", None),
    ("f3ead8", "8c3b26", None),  # red chalk
    ("d9c3a0", "3a2a22", "fffaf0"),  # sepia and white on kraft
    ("aab4b8", "23303f", "ffffff"),  # on grey-blue
    ("f7f4ec", "27407e", None),  # blue pencil
    ("ece7dc", "1d1a19", None),  # charcoal
    ("d9cabd", "6e2f23", "fff6ea"),  # sanguine and white
    ("f8f4ea", "3d6a4a", None),  # green pencil
    ("cfc6e0", "3b2d5c", "ffffff"),  # violet
)


@dataclass(frozen=True, kw_only=True)
class Sketch(Style):
    """Attributes: `medium` (paper, pencil, chalk); `spacing` of hatches; `slant` in turns; `cross`, the angle between
    layers; `shape`, the strength of the reshaping.
    """

    finer = 1

    medium: tuple[str, str, str | None]
    spacing: float
    length: float
    slant: float
    cross: float
    dark: float
    weight: float
    tremor: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "Sketch":
        return cls(
            medium=choose(rng, MEDIA),
            spacing=uniform(rng, 0.011, 0.016),
            length=uniform(rng, 4.0, 6.0),
            slant=uniform(rng, 0.3, 0.42),
            cross=uniform(rng, 0.07, 0.16),
            dark=uniform(rng, 0.8, 1.25),
            weight=uniform(rng, 0.8, 1.4),
            tremor=uniform(rng, 0.002, 0.0045),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Slightly slimmer and finer than life, with open eyes."""
        q = scaled(
            q, self.shape, eye_size=1.14, chin_length=1.03, jaw_width=0.95, nose_length=1.05, neck=0.92, mouth_width=0.96
        )
        return moved(q, self.shape, brow_y=0.012)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        paper, pencil, chalk = self.medium
        tone = self._tone(it)
        picture = sheet(it.photo, hexes(paper)[0])
        rough = tooth(rng, it.side, tone)
        picture = picture * (1 + 0.018 * rough)
        drawn = 0.3 * blur(tone, 0.006) * smoothstep(blur(it.figure, 0.01), 0.3, 0.8)
        drawn = torch.maximum(drawn, self._hatched(it, tone, rng))
        drawn = torch.maximum(drawn, self._lines(it, rng))
        drawn = (drawn * (1 - 0.42 * smoothstep(rough, -0.2, 1.3) * (1.15 - drawn))).clamp(0, 1)
        picture = multiply(picture, hexes(pencil)[0], drawn)
        return mix(picture, hexes(chalk)[0], self._lights(it, rng, rough)) if chalk else picture

    def _tone(self, it: Sitter) -> Tensor:
        """Darkness of the drawing: light counts more than albedo."""
        own = 1 - luma(it.flat)
        shadow = 1 - smoothstep(it.light, 0.02, 0.72)
        skin = 0.1 + 0.14 * own + 0.36 * shadow
        hair = 0.25 + 0.55 * own + 0.3 * shadow
        cloth = 0.1 + 0.3 * own + 0.4 * shadow
        hairy = it.locks
        tone = torch.lerp(torch.lerp(skin, hair, hairy), cloth, it.layers.cloth)
        tone = torch.lerp(tone, 0.3 * own, it.layers.eyes)
        tone = tone + 0.25 * it.layers.lips
        return (self.dark * tone * it.figure).clamp(0, 1)

    def _hatched(self, it: Sitter, tone: Tensor, rng: Generator) -> Tensor:
        """Layers of hatching, each for darker areas and in another direction; hair is drawn along its strands."""
        strands = along_form(it, 0.006, torch.zeros_like(tone))
        hairy = blur(it.locks, 0.004)
        dark = torch.zeros_like(it.photo)
        paint = Paint(color=torch.ones_like(dark), height=torch.zeros_like(tone))
        for layer, least in enumerate((0.2, 0.42, 0.62)):
            base = across_picture(rng, it, self.slant + self.cross * layer, 0.012)
            angle = torch.where(hairy > 0.5, strands, base)
            uneven = tone + 0.1 * noise(rng, 0.8 * it.side, it.side, tone)
            opacity = smoothstep(uneven, least, least + 0.3) * (0.25 + 0.6 * tone)
            paint = lay(rng, self._pencil(layer), paint, dark, angle, opacity)
        # Strands may cross the outline; hatching on the face must not, or it looks like a beard.
        inside = torch.maximum(smoothstep(it.figure, 0.2, 0.7), smoothstep(blur(hairy, 0.012), 0.25, 0.6))
        return (1 - paint.color[:, :1]) * inside

    def _pencil(self, layer: int) -> Brush:
        return Brush(
            spacing=self.spacing * (1 - 0.12 * layer),
            length=self.length,
            width=0.34,
            taper=0.6,
            ragged=0.0,
            dry=0.0,
            stray=0.06,
            varied=0.0,
        )

    def _lines(self, it: Sitter, rng: Generator) -> Tensor:
        """The outline, drawn twice with small deviations."""
        w = self.weight
        pen = Pen(outer=0.007 * w, inner=0.006 * w, crease=0.85, form=0.5, feature=1.0, swell=0.6, tremor=self.tremor)
        searching = Pen(
            outer=0.004 * w, inner=0.003 * w, crease=0.4, form=0.0, feature=0.0, swell=0.4, tremor=2.2 * self.tremor
        )
        pressure = 0.75 + 0.2 * noise(rng, 12, it.side, it.figure)
        return torch.maximum(ink(it, pen, rng) * pressure, 0.45 * ink(it, searching, rng) * pressure).clamp(0, 1)

    def _lights(self, it: Sitter, rng: Generator, rough: Tensor) -> Tensor:
        bright = (
            smoothstep(blur(it.light, 0.01), 0.72, 0.95) * it.figure * (1 - it.layers.lines) * (0.35 + 0.65 * it.layers.skin)
        )
        glint = it.layers.eyes * smoothstep(luma(it.flat), 0.7, 0.9)
        return (0.75 * bright * smoothstep(rough, 1.3, -0.9) + 0.8 * glint).clamp(0, 0.95)
