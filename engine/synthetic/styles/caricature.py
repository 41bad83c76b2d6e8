"""Street caricature: exaggerated traits, lively ink lines, markers on cream paper."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, mix, multiply, sheet, to_oklab
from .ink import Pen, ink
from .noise import noise
from .palettes import tuned
from .paper import tooth
from .proportions import exaggerated, moved, scaled
from .screens import rows, turned
from .sitter import Sitter
from .style import Style
from .warp import tremble, warp

__all__ = ["Caricature"]

# Marker of the background, its darker layer, and the ink.
PALETTES = (
    ("9ad1c9", "5aa7a0", "26303a"),
    ("f6c177", "e39a52", "3a2a26"),
    ("b8c4ea", "8593cf", "26264a"),
    ("f2b5b5", "dc8a92", "3a2230"),
    ("cfe0a0", "a3bf68", "2a3420"),
    ("e8d8b8", "cdb48a", "2e2622"),
)


@dataclass(frozen=True, kw_only=True)
class Caricature(Style):
    """Attributes: `factor` of the exaggeration; `pitch` and `slant` of the marker's and the pen's hatching."""

    palette: tuple[str, ...]
    factor: float
    weight: float
    pitch: float
    slant: float
    vivid: float
    crossed: bool

    @classmethod
    def draw(cls, rng: Generator) -> "Caricature":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            factor=uniform(rng, 2.1, 2.7),
            weight=uniform(rng, 0.8, 1.3),
            pitch=uniform(rng, 0.009, 0.014),
            slant=uniform(rng, 0.07, 0.18),
            vivid=uniform(rng, 1.3, 1.8),
            crossed=uniform(rng, 0, 1) < 0.5,
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Exaggerate the traits, and enlarge nose, ears, brows and mouth."""
        q = exaggerated(q, self.factor)
        q = scaled(
            q,
            nose_width=1.28,
            nose_length=1.1,
            nose_bridge=1.25,
            ear_size=1.3,
            brow_width=1.4,
            mouth_width=1.2,
            chin_length=1.1,
            neck=0.72,
            eye_size=0.95,
            head_height=0.95,
        )
        return moved(q, brow_y=0.03, brow_arch=0.03, mouth_y=-0.02)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        rough = tooth(rng, it.side, it.figure, 170)
        paper = sheet(it.photo, hexes("f7f0df")[0])
        picture = self._behind(it, paper, rng)
        off = tremble(rng, it.figure, 0.003, 6)
        picture = mix(picture, self._markers(it, rng), smoothstep(warp(it.figure, off), 0.4, 0.6))
        picture = picture * (1 + 0.014 * rough)
        color = hexes(self.palette[2])[0]
        picture = mix(picture, color, 0.8 * self._hatching(it, rng))
        w = self.weight
        pen = Pen(outer=0.013 * w, inner=0.009 * w, crease=1.0, form=0.85, feature=1.2, strand=0.8, swell=0.75, tremor=0.003)
        return mix(picture, color, ink(it, pen, rng)).clamp(0, 1)

    def _markers(self, it: Sitter, rng: Generator) -> Tensor:
        """Colours in streaky layers, with a second layer in the shade."""
        base = blur(it.photo, 0.006)
        lab = to_oklab(mix(it.flat, base, 0.45))
        colors = from_oklab(torch.cat([0.25 + 0.8 * lab[:, :1], self.vivid * lab[:, 1:]], dim=1))
        _, across = turned(it.side, it.figure, self.slant)
        streak = torch.sin(6.28 * across / 0.03 + noise(rng, 5, it.side, it.figure)) + 0.5 * noise(
            rng, (4, 60), it.side, it.figure
        )
        second = smoothstep(it.light, 0.5, 0.38)
        colors = multiply(colors, colors, (0.08 * streak.clamp(-1, 1) + 0.45 * second * (1 - it.layers.eyes)).clamp(0, 1))
        return mix(colors, torch.ones(3), 0.35 * smoothstep(blur(it.light, 0.006), 0.72, 0.82) * it.layers.skin)

    def _hatching(self, it: Sitter, rng: Generator) -> Tensor:
        """Pen hatching along the form, in the darkest areas only."""
        dark = smoothstep(it.light, 0.36, 0.05) * smoothstep(it.figure, 0.7, 1) * (1 - it.layers.eyes)
        _, across = turned(it.side, dark, self.slant + 0.05)
        phase = (across + 0.1 * blur(it.layers.depth, 0.01)) / self.pitch + 0.25 * noise(rng, 8, it.side, dark)
        first = rows(0.5 * dark, phase)
        if not self.crossed:
            return first
        _, other = turned(it.side, dark, self.slant + 0.3)
        return torch.maximum(
            first, rows(0.45 * (2 * dark - 1).clamp_min(0), (other - 0.1 * blur(it.layers.depth, 0.01)) / self.pitch)
        )

    def _behind(self, it: Sitter, paper: Tensor, rng: Generator) -> Tensor:
        """A patch of marker around the head, with visible ends of the strokes."""
        first, second, _ = hexes(*self.palette)
        along, across = turned(it.side, it.figure, self.slant)
        band = (across / 0.055).floor()
        ends = 0.5 + 0.22 * torch.sin(band * 12.9) + 0.1 * torch.sin(band * 78.2)
        middle = (along - along.mean()).abs()
        patch = smoothstep(middle, 0.2 + 0.36 * ends, 0.19 + 0.36 * ends)
        overlap = smoothstep(((across / 0.055) % 1 - 0.5).abs(), 0.4, 0.46)
        picture = mix(paper, first, 0.85 * patch)
        return mix(picture, second, 0.5 * patch * torch.maximum(overlap, smoothstep(blur(it.figure, 0.02), 0.1, 0.5)))
