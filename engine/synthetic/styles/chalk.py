"""Chalk on a blackboard: dusty lines, broad strokes for the lights, remnants of wiped writing."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, screen, sheet
from .directions import across_picture, along_form, averaged
from .flowing import smear
from .ink import Pen, ink
from .noise import fractal, noise
from .palettes import tuned
from .paper import tooth
from .proportions import exaggerated, moved, scaled
from .regions import Inks, fill, natural
from .sitter import Sitter
from .strokes import Brush, Paint, lay
from .style import Style

__all__ = ["Chalk"]

# Board, then chalks for lines, skin, hair, cloth, lips.
PALETTES = (
    ("24352f", "f4f3ea", "f2d9b8", "f0c85a", "7fc4e8", "f08a8a"),
    ("26292e", "ffffff", "f6e6d8", "9ad0f0", "f7b0c8", "ff8f9a"),
    ("1f2f3f", "f6f6f0", "ffd9b0", "f5a45a", "9fe0b0", "ff9a8a"),
    ("332a2a", "fff8ec", "f8dcc0", "d8b0f0", "f0e07a", "f58a9a"),
    ("2a3a2a", "fafaf0", "fafaf0", "fafaf0", "fafaf0", "fafaf0"),
    ("20242c", "f2f2f2", "f2f2f2", "8fd0c0", "f2f2f2", "f2a0a0"),
)


@dataclass(frozen=True, kw_only=True)
class Chalk(Style):
    """Attributes: `slant` in turns and `size` of the strokes, `dust` on the board, `weight` of the lines; `drawn_out`, the
    exaggeration of traits.
    """

    finer = 1

    palette: tuple[str, ...]
    slant: float
    size: float
    dust: float
    weight: float
    bold: float
    drawn_out: float

    @classmethod
    def draw(cls, rng: Generator) -> "Chalk":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.04),
            slant=choose(rng, (-1, 1)) * uniform(rng, 0.06, 0.2),
            size=uniform(rng, 0.8, 1.2),
            dust=uniform(rng, 0.5, 1.2),
            weight=uniform(rng, 0.9, 1.3),
            bold=uniform(rng, 0.8, 1.1),
            drawn_out=uniform(rng, 1.1, 1.6),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Slightly exaggerated traits, large eyes, thin necks."""
        q = exaggerated(q, self.drawn_out)
        q = scaled(
            q, eye_size=1.3, nose_length=1.05, nose_width=0.95, neck=0.85, brow_width=1.2, mouth_width=1.08, wrinkles=0.6
        )
        return moved(q, brow_y=0.035, smile=0.1)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        rough = tooth(rng, it.side, it.figure, 240)
        board = self._board(it, rng)
        fills = self._sticks(it)
        angle = averaged(
            torch.where(
                blur(it.locks, 0.004) > 0.5,
                along_form(it, 0.008, 0 * rough),
                across_picture(rng, it, self.slant, 0.015),
            ),
            1 + 0 * rough,
            0.01,
        )
        paint = Paint(color=torch.zeros_like(board), height=torch.zeros_like(rough))
        brush = Brush(
            spacing=0.014 * self.size,
            length=5.0,
            width=0.75,
            taper=0.3,
            ragged=0.2,
            dry=0.35,
            bristles=3,
            stray=0.1,
            varied=0.0,
        )
        strokes = lay(rng, brush, paint, torch.ones_like(board), angle, self._lights(it)).color[:, :1]
        amount = 0.5 * self._lights(it) + 0.5 * strokes * it.figure + 0.04 * it.figure
        picture = mix(board, fills, amount * (0.62 + 0.38 * smoothstep(rough, 1.0, -0.6)))
        w = self.weight
        pen = Pen(outer=0.012 * w, inner=0.009 * w, crease=0.85, form=0.4, feature=1.3, swell=0.25, tremor=0.003)
        lines = (
            torch.lerp(ink(it, pen, rng), it.layers.lines, it.layers.eyes)
            * (0.85 + 0.15 * noise(rng, 20, it.side, rough))
            * (0.5 + 0.5 * smoothstep(rough, 1.4, 0.0))
        )
        lines = lines * (1 - it.layers.eyes * smoothstep(luma(it.flat), 0.8, 0.95))
        picture = mix(picture, hexes(self.palette[1])[0], (0.95 * lines).clamp(0, 1))
        return screen(picture, 0.1 * self.dust * blur(torch.maximum(lines, amount), 0.01)).clamp(0, 1)

    def _board(self, it: Sitter, rng: Generator) -> Tensor:
        """Slate with the marks of a sponge."""
        level = torch.full_like(it.figure, 0.2) + 0.5 * noise(rng, 2, it.side, it.figure)
        wiped = smear(noise(rng, 40, it.side, level), level, 0.25)
        wiped = wiped / wiped.std().clamp_min(1e-4)
        cloud = 0.5 + 0.5 * fractal(rng, 3, it.side, level)
        board = sheet(it.photo, hexes(self.palette[0])[0])
        return screen(board, (0.05 * self.dust * (cloud + 0.4 * wiped)).clamp(0, 0.25)).expand_as(board)

    def _sticks(self, it: Sitter) -> Tensor:
        """One chalk colour for each material."""
        _, line, skin, hair, cloth, lips = hexes(*self.palette)
        own = natural(it.q)
        bright = 0.35 + 0.65 * float(own.hair.max())
        inks = Inks(skin=skin, hair=hair * bright, brow=line, lips=lips, cloth=cloth, frame=line, back=line)
        return mix(fill(it, inks), line, it.layers.eyes)

    def _lights(self, it: Sitter) -> Tensor:
        """Amount of chalk, from albedo and light."""
        light = smoothstep(it.light, 0.15, 0.85)
        hair = it.locks
        own = luma(it.flat)
        skin = 0.06 + (0.4 + 0.55 * own) * smoothstep(light, 0.25, 1.05)
        tone = torch.lerp(skin, (0.25 + 0.6 * own) * (0.3 + 0.7 * light), hair)
        tone = torch.lerp(tone, 0.35 + 0.45 * light, it.layers.cloth)
        tone = torch.maximum(tone, 0.85 * it.layers.lips)
        tone = torch.lerp(tone, 0.95 * smoothstep(own, 0.45, 0.7), it.layers.eyes)
        return (self.bold * 0.95 * tone * it.figure).clamp(0, 0.95)
