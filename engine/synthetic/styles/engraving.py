"""Copperplate engraving, as on banknotes: swelling lines around the form, crosshatched shadows, guilloche behind."""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import polar
from .blur import blur, blur_inside, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, multiply, sheet
from .ink import Pen, ink
from .noise import fractal, noise
from .palettes import tuned
from .proportions import moved, scaled
from .screens import rows, turned
from .sitter import Sitter
from .style import Style
from .warp import coordinates

__all__ = ["Engraving"]

# Paper, ink, tint of the guilloche.
PALETTES = (
    ("eef0df", "1f3d2c", "7fa68a"),
    ("f2e9d8", "3a2418", "c79a6a"),
    ("e9eef2", "1c2c4a", "8aa5c8"),
    ("f3e6e2", "4a1c28", "d09aa0"),
    ("efe9f3", "35224f", "ac98cc"),
    ("f1eee0", "23393a", "d0b46a"),
)


@dataclass(frozen=True, kw_only=True)
class Engraving(Style):
    """Attributes: `pitch` of the lines; `slant` in turns; `wrap` around the form; `petals` of the guilloche; `oval` frame
    or none.
    """

    palette: tuple[str, ...]
    pitch: float
    slant: float
    wrap: float
    petals: int
    oval: bool
    dark: float
    noble: float

    @classmethod
    def draw(cls, rng: Generator) -> "Engraving":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            pitch=uniform(rng, 0.0135, 0.0165),
            slant=uniform(rng, -0.04, 0.09),
            wrap=uniform(rng, 0.2, 0.4),
            petals=int(uniform(rng, 7, 14)),
            oval=uniform(rng, 0, 1) < 0.6,
            dark=uniform(rng, -0.04, 0.08),
            noble=uniform(rng, 0.7, 1.2),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """A high brow, a long straight nose, a firm chin, calm lids."""
        n = self.noble
        q = scaled(
            q,
            forehead=1 + 0.05 * n,
            nose_length=1 + 0.07 * n,
            nose_bridge=1 + 0.3 * n,
            chin_length=1 + 0.05 * n,
            cheeks=1 - 0.2 * n,
            eye_size=1 + 0.1 * n,
            mouth_width=1 - 0.06 * n,
            hair_volume=1.15,
        )
        return moved(q, pitch=-0.04 * n)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        paper, black, tint = hexes(*self.palette)
        picture = sheet(it.photo, paper) * (1 + 0.012 * fractal(rng, 80, it.side, it.figure))
        inside = smoothstep(blur(it.figure, 0.004), 0.4, 0.6)
        picture = multiply(picture, tint, 0.85 * self._guilloche(it) * (1 - inside))
        lines = torch.lerp(self._field(it), self._cut(it, rng), inside)
        pen = Pen(outer=0.007, inner=0.005, crease=0.8, form=0.5, feature=1.2, swell=0.6, tremor=0.0, smooth=0.004)
        lines = torch.maximum(lines, ink(it, pen, rng))
        if self.oval:
            lines, outside = self._framed(it, lines)
            picture = mix(picture, paper, 0.55 * outside)
        return multiply(picture, black, 0.94 * lines).clamp(0, 1)

    def _tone(self, it: Sitter) -> Tensor:
        own = 1 - luma(it.flat)
        hair = smoothstep(it.locks, 0.3, 0.7)
        tone = 0.34 * own + 0.8 * (1 - smoothstep(blur(it.light, 0.004), 0.02, 0.86)) - 0.06
        tone = torch.lerp(tone, 0.12 + 0.6 * own + 0.5 * (1 - it.light), hair)
        tone = torch.lerp(tone, 0.9 * own - 0.1, it.layers.eyes) + 0.25 * it.layers.lips
        return (tone + self.dark).clamp(0, 1)

    def _cut(self, it: Sitter, rng: Generator) -> Tensor:
        """Three sets of lines; each begins where the previous one is not dark enough."""
        tone = self._tone(it)
        form = self.wrap * blur_inside(it.layers.depth, it.figure, 0.01) + 0.0015 * noise(rng, 10, it.side, tone)
        eyes = it.layers.eyes
        total = torch.zeros_like(tone)
        for turn, least, bend in ((self.slant, 0.0, 1.0), (self.slant + 0.14, 0.36, -0.7), (self.slant - 0.13, 0.62, 0.3)):
            _, across = turned(it.side, tone, turn)
            width = 0.82 * smoothstep(tone, least + 0.04, least + 0.8) ** 0.8
            pitch = self.pitch * (1 - 0.35 * smoothstep(eyes, 0.3, 0.6))
            total = torch.maximum(total, rows(width, (across + bend * form) / pitch))
        return torch.maximum(total, smoothstep(tone, 0.86, 0.97))

    def _field(self, it: Sitter) -> Tensor:
        """Ruled lines in the background, darker on the side away from the light."""
        x, y = coordinates(it.side, it.figure)
        shade = 0.3 + 0.3 * smoothstep(x if float(it.q.light[0, 0]) < 0 else 1 - x, 0.2, 1.0)
        return rows(shade, y / self.pitch) if self.oval else 0.0 * x

    def _guilloche(self, it: Sitter) -> Tensor:
        """Rosettes of rotating waves."""
        away, angle = polar(it.side, it.figure, (0.5, 0.5))
        total = torch.zeros_like(away)
        for sign, count in ((1, self.petals), (-1, self.petals), (1, 2 * self.petals)):
            wave = away * 15 + 0.9 * torch.sin(2 * pi * count * angle + sign * 9 * away)
            total = torch.maximum(total, rows(torch.full_like(away, 0.16), wave))
        return total

    def _framed(self, it: Sitter, lines: Tensor) -> tuple[Tensor, Tensor]:
        """Lines within an oval with a double rim, and the area outside of it."""
        x, y = coordinates(it.side, it.figure)
        away = (((x - 0.5) / 0.47) ** 2 + ((y - 0.5) / 0.49) ** 2).sqrt()
        outside = smoothstep(away, 0.995, 1.005) * (1 - smoothstep(it.figure, 0.4, 0.6))
        rim = smoothstep((away - 1.0).abs(), 0.013, 0.009) * (1 - smoothstep(it.figure, 0.4, 0.6))
        thin = smoothstep((away - 1.045).abs(), 0.007, 0.004) * (1 - smoothstep(it.figure, 0.4, 0.6))
        return torch.maximum(lines * (1 - outside), torch.maximum(rim, thin)), outside
