"""Claymation: hand-modelled figures, hair in rolls, soft studio light on a paper backdrop."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, slopes, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, multiply, saturate, screen, sheet
from .directions import along_form
from .edges import creases
from .flowing import smear
from .noise import fractal, noise
from .palettes import tuned
from .proportions import exaggerated, moved, scaled
from .regions import fill, natural
from .screens import rows
from .sitter import Sitter
from .style import Style
from .warp import shift

__all__ = ["Clay"]

# Backdrop, and the light reflected from the floor.
PALETTES = (
    ("8fc7d8", "ffd9a8"),
    ("f2c6a0", "ffe6c0"),
    ("b9d39a", "fff0b8"),
    ("e6a9a9", "ffd0c0"),
    ("b8a8dc", "ffd8f0"),
    ("f0d58a", "ffe9b0"),
    ("7fb5a8", "ffe0b0"),
)


@dataclass(frozen=True, kw_only=True)
class Clay(Style):
    """Attributes: `lumps`, the height of dents; `rolls`, the number of hair rolls across; `key`, the side of the light."""

    palette: tuple[str, ...]
    lumps: float
    prints: float
    rolls: float
    key: float
    funny: float
    wax: float

    @classmethod
    def draw(cls, rng: Generator) -> "Clay":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            lumps=uniform(rng, 0.6, 1.2),
            prints=uniform(rng, 0.4, 1.0),
            rolls=uniform(rng, 22, 38),
            key=choose(rng, (-1, 1)) * uniform(rng, 0.3, 0.8),
            funny=uniform(rng, 0.75, 1.2),
            wax=uniform(rng, 0.15, 0.35),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """A bulbous nose, round ears and cheeks, small eyes close together."""
        f = self.funny
        q = exaggerated(q, 1 + 0.35 * f)
        q = scaled(
            q,
            nose_width=1 + 0.4 * f,
            nose_length=1 - 0.06 * f,
            nose_bridge=1 - 0.3 * f,
            ear_size=1 + 0.32 * f,
            cheeks=1 + 0.22 * f,
            eye_size=1 + 0.36 * f,
            eye_open=1.12,
            brow_width=1 + 0.7 * f,
            mouth_width=1 + 0.14 * f,
            head_height=1 - 0.05 * f,
            hair_volume=1.35,
            neck=0.85,
            wrinkles=0.3,
        )
        return moved(q, brow_y=0.075 * f, smile=0.15)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        height = self._kneaded(it, rng)
        right, down = slopes(blur(height, 0.0015))
        bumped = it.layers.normal - 0.024 * torch.cat([right, -down, 0 * right], dim=1)
        normal = F.normalize(bumped, dim=1)
        colors = self._colors(it)
        facing, shine = self._light(it, normal)
        upper, lower = hexes(*self.palette)
        sky = 0.34 * sheet(it.photo, 0.5 + 0.5 * upper) * (0.6 + 0.4 * normal[:, 1:2]) + 0.14 * sheet(it.photo, lower) * (
            0.5 - 0.5 * normal[:, 1:2]
        )
        hollow = 1 - 0.5 * blur(creases(it, 0.025), 0.006)
        lit = colors * (0.88 * facing * it.photo.new_tensor([1.05, 1.0, 0.93]).view(1, 3, 1, 1) + sky + 0.05) * hollow
        lit = screen(lit, self.wax * shine)
        return mix(self._behind(it), lit.clamp(0, 1), smoothstep(it.figure, 0.3, 0.7)).clamp(0, 1)

    def _kneaded(self, it: Sitter, rng: Generator) -> Tensor:
        """Height of dents, thumb prints and hair rolls, in hundredths of a side."""
        like = it.figure
        dents = fractal(rng, 7, it.side, like, octaves=3, falloff=0.4)
        whorls = rows(torch.full_like(like, 0.5), 30 * blur(noise(rng, 5, it.side, like), 0.01) + 3 * it.layers.depth)
        where = smoothstep(noise(rng, 7, it.side, like), 0.7, 1.3) * it.layers.skin
        rolls = smear(noise(rng, self.rolls, it.side, like), along_form(it, 0.008, 0 * like), 0.16)
        rolls = rolls / rolls.std().clamp_min(1e-4)
        hair = blur(it.locks, 0.004)
        raised = (
            1.3 * blur(it.layers.brows, 0.004)
            + 0.6 * blur(it.layers.lips, 0.005)
            + 0.8 * blur(it.layers.cloth, 0.006)
            - 0.5 * blur(it.layers.lines, 0.002)
        )
        calm = 1 - smoothstep(blur(it.layers.eyes, 0.004), 0.2, 0.6)
        return (
            self.lumps * 0.28 * dents * (1 - 0.6 * hair)
            + 0.1 * self.prints * where * blur(whorls, 0.0015)
            + 0.6 * hair * rolls
            + raised
        ) * calm

    def _colors(self, it: Sitter) -> Tensor:
        colors = mix(fill(it, natural(it.q)), it.flat, 0.5 * it.layers.skin + it.layers.eyes * 0.5)
        streaks = 1 + 0.05 * torch.sin(40 * it.layers.depth)
        return (saturate(colors, 1.3) * streaks).clamp(0, 1)

    def _light(self, it: Sitter, normal: Tensor) -> tuple[Tensor, Tensor]:
        toward = F.normalize(normal.new_tensor([self.key, 0.55, 0.7]), dim=0).view(1, 3, 1, 1)
        half = F.normalize(toward + toward.new_tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1), dim=1)
        cast = 0.72 + 0.28 * smoothstep(it.light, 0.05, 0.4)
        facing = (((normal * toward).sum(dim=1, keepdim=True) + 0.25) / 1.25).clamp_min(0) * cast
        return facing, (normal * half).sum(dim=1, keepdim=True).clamp(0, 1) ** 14 + 0.8 * it.layers.eyes * smoothstep(
            luma(it.flat), 0.8, 0.95
        )

    def _behind(self, it: Sitter) -> Tensor:
        """Paper that curves from wall to table, with the figure's soft shadow."""
        wall = sheet(it.photo, hexes(self.palette[0])[0])
        steps = torch.linspace(0, 1, it.side, device=wall.device).view(1, 1, -1, 1)
        wall = wall * (1.08 - 0.25 * steps)
        shadow = blur(shift(it.figure, -0.07 * self.key / abs(self.key), 0.035), 0.035)
        return multiply(wall, hexes("4a3a5a")[0], 0.45 * shadow).clamp(0, 1)
