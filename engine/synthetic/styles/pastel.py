"""Soft pastels on toned paper: a rubbed ground, broken strokes, the paper's tooth between them."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, mix, sheet, to_oklab
from .directions import across_picture, along_form, averaged
from .noise import fractal, noise
from .palettes import tuned
from .paper import tooth
from .proportions import moved, scaled
from .sitter import Sitter
from .strokes import Brush, Paint, lay
from .style import Style

__all__ = ["Pastel"]

# Paper, two colours of the background, one each for lights and shadows.
PALETTES = (
    ("6f7480", "b9a6d6", "f3c6cf", "fff3dc", "4f4f86"),
    ("8a7a66", "f0cf9a", "e8a58a", "fff2d8", "6a4a6a"),
    ("5f7a7a", "9ad0c2", "cfe6b8", "fdf6dc", "3a5a7a"),
    ("7a6472", "f2b0b8", "f8d8b0", "fff0e4", "5a4080"),
    ("566a86", "9cc4ea", "d8c8f0", "fff6e8", "3a4a8a"),
    ("b8ab98", "f4d8a8", "a8c8d8", "fffaf0", "7a6a90"),
)


@dataclass(frozen=True, kw_only=True)
class Pastel(Style):
    """Attributes: `size` of strokes; `slant` of those in the background; `rub`, the smudging; `rough`, the paper's tooth;
    `shape`, the strength of the reshaping.
    """

    finer = 1

    palette: tuple[str, ...]
    size: float
    slant: float
    rub: float
    rough: float
    pale: float
    vivid: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "Pastel":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            size=uniform(rng, 0.8, 1.25),
            slant=choose(rng, (-1, 1)) * uniform(rng, 0.08, 0.2),
            rub=uniform(rng, 0.35, 0.7),
            rough=uniform(rng, 0.7, 1.3),
            pale=uniform(rng, 0.1, 0.22),
            vivid=uniform(rng, 1.2, 1.6),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Gentle: large eyes, rosy round cheeks, a small nose and mouth."""
        q = scaled(
            q,
            self.shape,
            eye_size=1.25,
            cheeks=1.18,
            nose_length=0.9,
            nose_width=0.82,
            jaw_width=0.9,
            chin_length=0.94,
            mouth_width=0.92,
            blush=1.9,
            wrinkles=0.4,
        )
        return moved(q, self.shape, brow_y=0.02, smile=0.1)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        paper = hexes(self.palette[0])[0]
        rough = tooth(rng, it.side, it.figure, 210)
        ground = sheet(it.photo, paper) * (1 + 0.03 * rough)
        wanted = self._colors(it, rng)
        rubbed = mix(ground, blur(wanted, 0.012), self.rub * self._worked(it, rng))
        behind = across_picture(rng, it, self.slant, 0.02)
        hairy = blur(it.locks, 0.004)
        paint = Paint(color=rubbed, height=torch.zeros_like(rough))
        for level, spacing in enumerate((0.026, 0.015, 0.0085)):
            brush = self._stick(spacing * self.size, level)
            angle = averaged(
                torch.where(hairy > 0.5, along_form(it, 0.008, behind), behind + 0.35 * (level > 0)), 1 + 0 * behind, 0.01
            )
            paint = lay(rng, brush, paint, blur(wanted, 0.2 * spacing), angle, self._where(it, level, rng))
        grain = self.rough * 0.3 * smoothstep(rough, -0.6, 1.6)
        color = mix(paint.color, wanted, 0.75 * smoothstep(self._focus(it), 0.25, 0.7))
        gaps = grain * (0.55 + 0.8 * smoothstep(paint.height, 0.25, 0.05)) * (1 - 0.6 * self._focus(it))
        return mix(color, ground, gaps).clamp(0, 1)

    def _stick(self, spacing: float, level: int) -> Brush:
        return Brush(
            spacing=spacing,
            length=5.0,
            width=0.8,
            taper=0.3,
            ragged=0.3,
            dry=0.55,
            bristles=3,
            stray=0.12,
            varied=0.05 / (1 + level),
            load=0.4,
        )

    def _colors(self, it: Sitter, rng: Generator) -> Tensor:
        """High key; shadows shift to violet instead of black."""
        _, first, second, bright, deep = hexes(*self.palette)
        swirl = smoothstep(fractal(rng, 2.5, it.side, it.figure, octaves=3), -0.8, 0.8)
        picture = mix(mix(sheet(it.photo, first), second, swirl), it.photo, smoothstep(it.figure, 0.4, 0.6))
        lab = to_oklab(picture)
        picture = from_oklab(torch.cat([self.pale + (1 - 0.8 * self.pale) * lab[:, :1], self.vivid * lab[:, 1:]], dim=1))
        inside = it.figure * (1 - it.layers.eyes)
        picture = mix(picture, deep, 0.5 * smoothstep(it.light, 0.42, 0.05) * inside)
        picture = mix(picture, deep, 0.55 * (1 - it.layers.eyes) * smoothstep(it.layers.lines, 0.2, 0.8))
        return mix(picture, bright, 0.5 * smoothstep(it.light, 0.62, 0.95) * inside)

    @staticmethod
    def _worked(it: Sitter, rng: Generator) -> Tensor:
        """Coverage of the drawing, which fades towards the paper's edges."""
        near = blur(it.figure, 0.09) + 0.09 * fractal(rng, 4, it.side, it.figure)
        return (0.12 + 0.88 * smoothstep(near, 0.08, 0.42)).clamp(0, 1)

    @staticmethod
    def _focus(it: Sitter) -> Tensor:
        return blur(it.layers.eyes + it.layers.lips + it.layers.lines + it.layers.brows + it.layers.glasses, 0.004).clamp(0, 1)

    def _where(self, it: Sitter, level: int, rng: Generator) -> Tensor:
        if level == 2:
            return 0.95 * smoothstep(self._focus(it), 0.15, 0.45)
        near = self._worked(it, rng)
        loose = smoothstep(noise(rng, 0.7 * it.side, it.side, near), -0.6 + 0.7 * level, 0.6)
        if level == 1:
            return 0.8 * smoothstep(it.figure, 0.4, 0.8) * (0.35 + 0.65 * loose)
        return 0.9 * near * smoothstep(near + 0.3 * loose, 0.3, 0.75) * (0.4 + 0.6 * loose)
