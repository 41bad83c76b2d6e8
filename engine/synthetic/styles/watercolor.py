"""Watercolour: transparent washes with dark edges and blooms, and white paper for the lights."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, seeded, uniform
from .color import from_oklab, hexes, luma, mix, multiply, sheet, to_oklab
from .directions import along_form
from .edges import nib, outline
from .flowing import smear
from .ink import Pen, eye_darks, ink
from .noise import fractal, noise
from .palettes import tuned
from .paper import tooth
from .proportions import moved, scaled
from .regions import fill, natural
from .sitter import Sitter
from .style import Style
from .warp import tremble, warp

__all__ = ["Watercolor"]

# Two pigments of the backdrop and one for shadows.
PALETTES = (
    ("6fb7c9", "b9a0d8", "5a6aa8"),
    ("f2b38a", "e88a92", "8a5f8f"),
    ("a9c98a", "6aa9a0", "4f7a86"),
    ("e9c46a", "f09a6a", "8a6a7a"),
    ("a8b6e6", "e6a6c4", "6a5f9e"),
    ("9fc3d6", "e8d9a0", "6f7f96"),
)


@dataclass(frozen=True, kw_only=True)
class Watercolor(Style):
    """Attributes: `wet`, how far colours run; `pool`, the darkness of dried edges; `pencil`, the drawing below; `shape`,
    the strength of the reshaping.
    """

    palette: tuple[str, ...]
    wet: float
    pool: float
    grain: float
    strength: float
    pencil: float
    spread: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "Watercolor":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            wet=uniform(rng, 0.6, 1.3),
            pool=uniform(rng, 0.5, 1.0),
            grain=uniform(rng, 0.6, 1.2),
            strength=uniform(rng, 0.85, 1.2),
            pencil=uniform(rng, 0.25, 0.6),
            spread=uniform(rng, 0.1, 0.3),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Softer: rounder eyes, smaller nose and jaw, a slender neck."""
        q = scaled(
            q,
            self.shape,
            eye_size=1.22,
            nose_width=0.84,
            nose_length=0.95,
            jaw_width=0.9,
            chin_length=0.96,
            neck=0.88,
            blush=1.5,
            wrinkles=0.6,
        )
        return moved(q, self.shape, brow_y=0.015)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        paper = sheet(it.photo, hexes("fbf8f1")[0])
        rough = tooth(rng, it.side, it.figure, 110)
        wander = tremble(rng, it.figure, 0.0045 * self.wet, 9)
        figure = warp(it.figure, wander)
        picture = multiply(paper, self._diluted(warp(self._behind(it, rng), wander)), 1.0)
        colors = mix(paper, warp(self._washes(it), wander), smoothstep(figure, 0.35, 0.65))
        picture = mix(picture, colors, smoothstep(figure, 0.4, 0.6))
        density = self._density(it, wander, rng) + 0.16 * self.grain * rough * (1 - luma(picture))
        picture = self._loaded(picture, density)
        picture = mix(picture, paper, self._gaps(it, wander, rng))
        drawn = ink(it, Pen(outer=0.004, inner=0.004, crease=0.7, form=0.35, feature=1.0, swell=0.6, tremor=0.003), rng)
        picture = multiply(picture, hexes("4a3f45")[0], self.pencil * drawn * (1 - 0.3 * smoothstep(rough, 0, 1.5)))
        frames = smoothstep(it.layers.glasses, 0.3, 0.7)
        fine = torch.maximum(
            smoothstep(blur(it.layers.lines, 0.0015), 0.3, 0.8), torch.stack([it.layers.brows, eye_darks(it), frames]).amax(0)
        )
        return self._paper(multiply(picture, hexes("4b3038")[0], 0.62 * warp(fine, 0.4 * wander)), rough)

    def _washes(self, it: Sitter) -> Tensor:
        """Local colours, thinned, then shadows in two washes with edges of their own."""
        colors = mix(fill(it, natural(it.q)), it.flat, 0.6 * it.layers.skin)
        colors = mix(colors, torch.ones(3), 0.22)
        lab = to_oklab(colors)
        colors = from_oklab(torch.cat([lab[:, :1] * 0.9 + 0.1, lab[:, 1:] * 1.45], dim=1))
        light = warp(blur(it.light, 0.006), tremble(seeded("washes"), it.figure, 0.006, 16))
        shadow = hexes(self.palette[2])[0]
        flesh = 1 - it.layers.eyes
        colors = multiply(colors, shadow, 0.3 * smoothstep(light, 0.52, 0.45) * flesh)
        colors = multiply(colors, shadow, 0.4 * smoothstep(light, 0.32, 0.26) * flesh)
        return mix(colors, torch.ones(3), 0.55 * smoothstep(light, 0.66, 0.95) * (1 - 0.5 * it.layers.eyes))

    def _behind(self, it: Sitter, rng: Generator) -> Tensor:
        """A wash around the figure that fades before the image's edge."""
        first, last = hexes(*self.palette[:2])
        where = blur(it.figure, 0.13) * 1.6 + 0.3 * fractal(rng, 4, it.side, it.figure) - self.spread
        wet = smoothstep(where, 0.22, 0.27) * (0.65 + 0.35 * smoothstep(where, 0.2, 0.7))
        color = mix(sheet(it.photo, first), last, smoothstep(fractal(rng, 2.5, it.side, it.figure), -0.7, 0.7))
        return mix(torch.ones_like(color), color, wet * 0.95)

    def _diluted(self, picture: Tensor) -> Tensor:
        return picture

    def _density(self, it: Sitter, wander: Tensor, rng: Generator) -> Tensor:
        """Density of the pigment: clouds, and dark rims of dried washes."""
        cloud = 0.35 * self.wet * fractal(rng, 5, it.side, it.figure, octaves=5)
        shadow = smoothstep(blur(it.light, 0.008), 0.52, 0.45) * it.figure
        edges = [it.figure, it.locks, it.layers.cloth, shadow]
        rims = torch.stack([nib(outline(warp(mask, wander), 0.003), 0.007) for mask in edges]).amax(0)
        soft = torch.stack([(warp(mask, wander) - blur(warp(mask, wander), 0.02)).abs() for mask in edges]).amax(0)
        return self.strength * (
            1 + cloud + self.pool * (0.55 * rims * (0.6 + 0.4 * cloud) + 0.5 * soft) + 0.5 * self._strands(it, rng)
        )

    @staticmethod
    def _strands(it: Sitter, rng: Generator) -> Tensor:
        """Long dark strokes in the hair."""
        streaks = smear(noise(rng, 110, it.side, it.figure), along_form(it, 0.005, 0 * it.figure), 0.09)
        hair = smoothstep(it.locks, 0.5, 1.0)
        return hair * (smoothstep(streaks / streaks.std().clamp_min(1e-4), 0.1, 0.9) - 0.3)

    @staticmethod
    def _loaded(picture: Tensor, density: Tensor) -> Tensor:
        """The colour of a given density of pigment (Bousseau et al. 2006)."""
        return (picture - (picture - picture * picture) * (density - 1)).clamp(0, 1)

    def _gaps(self, it: Sitter, wander: Tensor, rng: Generator) -> Tensor:
        """Slivers of bare paper between washes."""
        hair = it.locks
        near = torch.minimum(outline(it.figure, 0.006), outline(hair, 0.006))
        where = smoothstep(noise(rng, 7, it.side, hair), 0.2, 0.9)
        return 0.8 * warp(nib(near, 0.008), wander) * where

    def _paper(self, picture: Tensor, rough: Tensor) -> Tensor:
        return (picture * (1 + 0.02 * rough)).clamp(0, 1)
