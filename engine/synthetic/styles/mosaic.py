"""Byzantine mosaic: small stones in rows along the form, a gold ground, grout between."""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import polar
from .blur import blur, slopes, smoothstep
from .cells import Cells, cut, mean_color
from .chance import choose, uniform
from .color import from_oklab, hexes, luma, mix, saturate, sheet, to_oklab
from .directions import averaged
from .edges import creases
from .ink import eye_darks
from .noise import noise
from .palettes import tuned
from .proportions import moved, scaled
from .sitter import Sitter
from .style import Style

__all__ = ["Mosaic"]

# Field, ring of the halo, grout, warm shadow.
PALETTES = (
    ("d9a93a", "b5342a", "5a5048", "7a3a2a"),
    ("2f6f9a", "e6c35a", "d8d0c0", "5a3a4a"),
    ("c9b27a", "2f7f7a", "4a463e", "6a3f2a"),
    ("3f8f7f", "f0d070", "e0d8c8", "4a3a3a"),
    ("e0bd5a", "2a4f8f", "6a6258", "8a4a2a"),
    ("8a4a6a", "f0c860", "cfc6b8", "4a2a3a"),
)


@dataclass(frozen=True, kw_only=True)
class Mosaic(Style):
    """Attributes: `stone`, its size in sides; `uneven`, the variation of colours; `grout`, its width; `halo`, its radius or
    0.
    """

    palette: tuple[str, ...]
    stone: float
    uneven: float
    grout: float
    halo: float
    shine: float
    solemn: float

    @classmethod
    def draw(cls, rng: Generator) -> "Mosaic":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            stone=uniform(rng, 0.018, 0.026),
            uneven=uniform(rng, 0.03, 0.055),
            grout=uniform(rng, 0.1, 0.16),
            halo=choose(rng, (0.0, 0.4, 0.43)),
            shine=uniform(rng, 0.08, 0.2),
            solemn=uniform(rng, 0.8, 1.2),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Faces of icons: large dark eyes, a long thin nose, a small mouth."""
        s = self.solemn
        q = scaled(
            q,
            eye_size=1 + 0.62 * s,
            eye_x=1 + 0.05 * s,
            nose_length=1 + 0.1 * s,
            nose_width=1 - 0.2 * s,
            mouth_width=1 - 0.08 * s,
            brow_width=1 + 0.4 * s,
            lip_upper=1.2,
            lip_lower=1.2,
            face_width=1 - 0.04 * s,
            yaw=0.75,
        )
        return moved(q, brow_y=0.085 * s, brow_arch=0.03)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        hair = it.locks
        region = torch.where(it.figure > 0.5, torch.where(hair > 0.5, 1.0, torch.where(it.layers.cloth > 0.5, 2.0, 3.0)), 0.0)
        angle = self._rows(it)
        fine = blur(it.layers.eyes + it.layers.lips + it.layers.brows, 0.01) > 0.2
        coarse = cut(rng, region, self.stone, angle=angle, jitter=0.25, rounds=2)
        small = cut(rng, region, 0.6 * self.stone, angle=angle, jitter=0.25, rounds=1)
        cells = Cells(
            gap=torch.where(fine, small.gap, coarse.gap),
            index=torch.where(fine, small.index + coarse.count, coarse.index),
            count=small.count + coarse.count,
        )
        stones, tilt = self._stones(it, cells, rng)
        size = torch.where(fine, 0.6 * self.stone, self.stone)
        edge = cells.gap / size
        pixel = 1 / it.side / size
        stone = smoothstep(edge, 0.5 * self.grout - 0.6 * pixel, 0.5 * self.grout + 0.9 * pixel)
        bevel = 1 + self.shine * (tilt - 0.5) + 0.1 * smoothstep(edge, 0.0, 0.35)
        picture = mix(sheet(it.photo, hexes(self.palette[2])[0]), (stones * bevel).clamp(0, 1), stone)
        return picture * (1 + 0.03 * noise(rng, 160, it.side, edge))

    def _rows(self, it: Sitter) -> Tensor:
        """Rows follow nearby outlines, and circle the head elsewhere."""
        hair = it.locks
        marks = torch.cat(
            [it.figure, hair, it.layers.cloth, 0.8 * it.layers.eyes + 0.8 * it.layers.lips, 0.5 * it.layers.depth], dim=1
        )
        right, down = (part.sum(dim=1, keepdim=True) for part in slopes(blur(marks, 0.012)))
        near = smoothstep((right * right + down * down).sqrt(), 1.0, 8.0)
        _, angle = polar(it.side, hair, (0.5, 0.48))
        circling = 2 * pi * angle + 0.5 * pi
        both = torch.where(near > 0.3, torch.atan2(down, right) + 0.5 * pi, circling)
        # Squares have a period of a quarter turn.
        return 0.5 * averaged(2 * both, near + 0.15, 0.02)

    def _stones(self, it: Sitter, cells: Cells, rng: Generator) -> tuple[Tensor, Tensor]:
        table = mean_color(self._colors(it), cells)
        lab = to_oklab(table.T[None, :, None])
        chance = torch.randn(4, cells.count, generator=rng).to(table)
        lab = lab + self.uneven * chance[:3][None, :, None] * lab.new_tensor([1.0, 0.35, 0.45]).view(1, 3, 1, 1)
        colors = from_oklab(torch.cat([lab[:, :1], 1.2 * lab[:, 1:]], dim=1))[0, :, 0]
        index = cells.index[0, 0]
        return colors[:, index][None], chance[3].sigmoid()[index][None, None]

    def _colors(self, it: Sitter) -> Tensor:
        """Three tones for each material, outlines in dark stone, a field with a halo."""
        field, ring, _, warm = hexes(*self.palette)
        picture = mix(it.flat, torch.ones(3), 0.22 * smoothstep(it.light, 0.7, 0.74) * (1 - it.layers.eyes))
        picture = mix(picture, warm, 0.45 * smoothstep(it.light, 0.42, 0.38) * (1 - it.layers.eyes))
        dark = torch.stack(
            [
                smoothstep(it.layers.lines, 0.2, 0.5),
                smoothstep(creases(it, 0.014), 0.3, 0.6),
                it.layers.brows,
                eye_darks(it),
                it.layers.glasses,
            ]
        ).amax(0)
        picture = saturate(mix(picture, hexes("2a1a18")[0], 0.85 * dark), 1.15)
        away, _ = polar(it.side, it.figure, (0.5, 0.45))
        behind = sheet(it.photo, field)
        if self.halo:
            gold = hexes("e8bf4a")[0] if float(luma(field.view(1, 3, 1, 1))) < 0.55 else hexes("f4dc8a")[0]
            behind = mix(behind, gold, (away < self.halo).float())
            behind = mix(behind, ring, ((away > self.halo - 0.035) & (away < self.halo)).float())
        rim = smoothstep(blur(it.figure, 0.012), 0.12, 0.3)
        behind = mix(behind, 0.35 * warm, 0.75 * rim)
        return mix(behind, picture, (it.figure > 0.5).float())
