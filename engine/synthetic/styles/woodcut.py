"""A woodcut: black relief print, carved lines along the form, and sometimes a block of colour."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import disc, polar
from .blur import blur, blur_inside, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, multiply, sheet
from .directions import along_form
from .flowing import smear
from .ink import Pen, eye_darks, ink
from .noise import fractal, noise
from .palettes import tuned
from .proportions import moved, scaled
from .screens import rows, turned
from .sitter import Sitter
from .style import Style
from .warp import shift, tremble, warp

__all__ = ["Woodcut"]

# Paper, ink, block of colour.
PALETTES = (
    ("f2e8d2", "1a1614", "b8402a"),
    ("efe6cf", "16202e", "c98a2e"),
    ("f4ecdc", "201812", "5f8a7a"),
    ("e9dcc0", "2a1410", "d0a24a"),
    ("f1eadb", "14182a", "6a86b0"),
    ("ece4d4", "1c1c1c", "a8584a"),
)


@dataclass(frozen=True, kw_only=True)
class Woodcut(Style):
    """Attributes: `pitch` of the carved lines; `slant` in turns; `wrap`, their bending around the form; `block`, its place."""

    palette: tuple[str, ...]
    pitch: float
    slant: float
    wrap: float
    dark: float
    stern: float
    block: str
    sky: str

    @classmethod
    def draw(cls, rng: Generator) -> "Woodcut":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            pitch=uniform(rng, 0.016, 0.023),
            slant=uniform(rng, -0.06, 0.12),
            wrap=uniform(rng, 0.12, 0.3),
            dark=uniform(rng, -0.05, 0.1),
            stern=uniform(rng, 0.7, 1.2),
            block=choose(rng, ("none", "sky", "sun", "cloth")),
            sky=choose(rng, ("rows", "rays", "black")),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Long, angular, hollow-cheeked, with heavy lids."""
        s = self.stern
        q = scaled(
            q,
            chin_length=1 + 0.12 * s,
            face_width=1 - 0.08 * s,
            jaw_width=1 - 0.04 * s,
            cheeks=1 - 0.42 * s,
            nose_length=1 + 0.12 * s,
            nose_width=1 - 0.1 * s,
            nose_bridge=1 + 0.35 * s,
            eye_size=1 + 0.1 * s,
            eye_open=1 - 0.12 * s,
            brow_width=1 + 0.5 * s,
            head_height=1 + 0.03 * s,
        )
        return moved(q, brow_tilt=0.12, wrinkles=0.15)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        paper, black, _ = hexes(*self.palette)
        picture = self._block(it, sheet(it.photo, paper), rng)
        printed = self._printed(it, rng)
        wood = smear(noise(rng, (90, 90), it.side, printed), 0.12 * fractal(rng, 3, it.side, printed), 0.25)
        patchy = 0.97 - 0.3 * smoothstep(wood + 0.25 * fractal(rng, 60, it.side, wood), 0.28, 0.6)
        picture = multiply(picture, black, printed * patchy)
        return (picture * (1 + 0.012 * noise(rng, 200, it.side, wood))).clamp(0, 1)

    def _printed(self, it: Sitter, rng: Generator) -> Tensor:
        """Black ``[1, 1, S, S]``: carved tones, then outlines, then clear eyes."""
        tone = self._tone(it)
        hand = tremble(rng, tone, 0.0022, 14)
        carved = torch.lerp(self._sky(it, rng), self._carved(it, tone, rng), smoothstep(it.figure, 0.4, 0.6))
        pen = Pen(outer=0.013, inner=0.01, crease=0.9, form=0.7, feature=1.5, swell=0.4, tremor=0.0, smooth=0.005)
        halo = smoothstep(blur(it.figure, 0.009), 0.08, 0.2) * (1 - it.figure)
        printed = torch.maximum(carved * (1 - halo), ink(it, pen, rng))
        eyes = it.layers.eyes * (1 - eye_darks(it)) * (1 - it.layers.lines)
        return warp(printed * (1 - smoothstep(eyes, 0.4, 0.7)), hand)

    def _tone(self, it: Sitter) -> Tensor:
        own = 1 - luma(it.flat)
        tone = 0.42 * own + 0.95 * (1 - smoothstep(blur(it.light, 0.006), 0.08, 0.72)) - 0.12 + self.dark
        hairy = it.locks
        tone = torch.lerp(tone, 0.2 + 0.75 * own + 0.4 * (1 - it.light), hairy)
        return tone + 0.35 * it.layers.lips

    def _carved(self, it: Sitter, tone: Tensor, rng: Generator) -> Tensor:
        """Tapering cuts: across the form on skin and cloth, along the strands in hair."""
        depth = blur_inside(it.layers.depth, it.figure, 0.012)
        _, across = turned(it.side, tone, self.slant)
        uneven = 0.18 * noise(rng, 6, it.side, tone) + 0.06 * noise(rng, 24, it.side, tone)
        flesh = rows(self._cut(tone), (across + self.wrap * depth) / self.pitch + uneven)
        grain = smear(noise(rng, 0.6 / self.pitch * 1.6, it.side, tone), along_form(it, 0.004, 0 * tone), 0.11)
        spread = grain.std().clamp_min(1e-4)
        strands = smoothstep(0.5 + 0.25 * grain / spread, self._cut(tone) + 0.07, self._cut(tone) - 0.07)
        return torch.lerp(flesh, strands, smoothstep(it.locks, 0.4, 0.6))

    @staticmethod
    def _cut(tone: Tensor) -> Tensor:
        """Share of black: none in the lights, full in the shadows."""
        return smoothstep(tone, 0.12, 0.95) * 1.25 - 0.08

    def _sky(self, it: Sitter, rng: Generator) -> Tensor:
        like = it.figure
        if self.sky == "black":
            return torch.ones_like(like) * smoothstep(fractal(rng, 40, it.side, like), 2.6, 2.2)
        away, angle = polar(it.side, like, (0.5, 0.5))
        if self.sky == "rays":
            wide = 0.36 + 0.3 * smoothstep(away, 0.3, 0.75) + 0.1 * noise(rng, 14, it.side, like)
            phase = torch.where(angle < 0.5, angle, angle) * 90
            return rows(wide, phase)
        _, across = turned(it.side, like, 0.0)
        return rows(
            0.35 + 0.35 * smoothstep(across, 0.9, 0.0) + 0.1 * noise(rng, (40, 5), it.side, like),
            across / self.pitch + 0.2 * noise(rng, 4, it.side, like),
        )

    def _block(self, it: Sitter, picture: Tensor, rng: Generator) -> Tensor:
        """A block of colour, slightly misregistered."""
        color = hexes(self.palette[2])[0]
        if self.block == "none":
            return picture
        off = (uniform(rng, -0.006, 0.006), uniform(rng, -0.006, 0.006))
        where = {
            "sky": 1 - it.figure,
            "sun": disc(it.side, it.figure, (0.5, 0.42), 0.4) * (1 - it.figure),
            "cloth": it.layers.cloth,
        }[self.block]
        if self.block != "cloth":
            where = torch.maximum(where, 0.0 * it.layers.lips)
        return multiply(picture, color, 0.92 * shift(torch.maximum(where, it.layers.lips), *off))
