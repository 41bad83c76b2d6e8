"""Embroidery: satin stitches along the form, with a directional sheen, on linen in a hoop."""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import polar
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, luma, mix, multiply, sheet, to_oklab
from .directions import along_form, averaged
from .ink import Pen, eye_darks, ink
from .noise import noise
from .palettes import tuned
from .paper import canvas, embossed
from .proportions import moved, scaled
from .regions import fill, natural
from .sitter import Sitter
from .strokes import Brush, Paint, lay
from .style import Style
from .warp import coordinates, shift

__all__ = ["Embroidery"]

# Linen, thread of the outlines, thread of the flowers.
PALETTES = (
    ("e8dfcc", "4a3226", "c8574a"),
    ("2f3b52", "f0e6d0", "e8b84a"),
    ("d8c3a5", "5a3a2a", "3f7f6f"),
    ("f2ece0", "3a3a5a", "5a7fc0"),
    ("7f8f7a", "2a2a22", "f2d0b0"),
    ("c9a9a0", "4a2430", "8a3a5a"),
)


@dataclass(frozen=True, kw_only=True)
class Embroidery(Style):
    """Attributes: `thread`, its width in sides; `sheen` of the silk; `hoop` around the image; `wreath` of small stitches."""

    finer = 1

    palette: tuple[str, ...]
    thread: float
    stitch: float
    sheen: float
    hoop: bool
    wreath: bool
    naive: float

    @classmethod
    def draw(cls, rng: Generator) -> "Embroidery":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            thread=uniform(rng, 0.0085, 0.0115),
            stitch=uniform(rng, 4.0, 6.0),
            sheen=uniform(rng, 0.25, 0.5),
            hoop=uniform(rng, 0, 1) < 0.6,
            wreath=uniform(rng, 0, 1) < 0.6,
            naive=uniform(rng, 0.7, 1.2),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Large eyes, plain noses, round cheeks."""
        n = self.naive
        q = scaled(
            q,
            eye_size=1 + 0.4 * n,
            eye_x=1 + 0.04 * n,
            nose_width=1 - 0.15 * n,
            nose_length=1 - 0.1 * n,
            cheeks=1 + 0.15 * n,
            brow_width=1 + 0.3 * n,
            chin_length=1 - 0.06 * n,
            lip_upper=1.25,
            lip_lower=1.2,
            blush=1.6,
            wrinkles=0.2,
            yaw=0.85,
        )
        return moved(q, brow_y=0.065 * n, smile=0.12)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        linen = self._linen(it, rng)
        angle = self._direction(it)
        threads = self._threads(it)
        stitched = smoothstep(it.figure, 0.35, 0.65)
        paint = Paint(color=mix(linen, 0.6 * threads, stitched), height=torch.zeros_like(stitched))
        brush = Brush(
            spacing=self.thread,
            length=self.stitch,
            width=1.05,
            taper=0.1,
            ragged=0.05,
            dry=0.0,
            bristles=2.6,
            stray=0.05,
            varied=0.022,
            load=0.9,
        )
        paint = lay(rng, brush, paint, threads, angle, smoothstep(it.figure, 0.45, 0.55))
        fine = Brush(
            spacing=0.62 * self.thread,
            length=0.7 * self.stitch,
            width=1.1,
            taper=0.15,
            ragged=0.0,
            dry=0.0,
            bristles=2.6,
            stray=0.04,
            varied=0.012,
            load=0.5,
        )
        focus = blur(it.layers.eyes + it.layers.lips + it.layers.brows + it.layers.glasses, 0.003).clamp(0, 1)
        paint = lay(rng, fine, paint, threads, angle, smoothstep(focus, 0.35, 0.6))
        silk = 1 + self.sheen * ((2 * (angle - 0.6)).cos() * 0.5 + 0.1)
        color = paint.color * torch.lerp(
            torch.ones_like(silk), silk * embossed(blur(paint.height, 0.001), 0.9) * (0.82 + 0.3 * paint.height), stitched
        )
        shadow = blur(shift(stitched, 0.006, 0.009), 0.006) * (1 - stitched)
        picture = multiply(color.clamp(0, 1), hexes("3a2a2a")[0], 0.45 * shadow)
        picture = self._backstitched(it, picture, rng)
        return self._hooped(it, picture) if self.hoop else picture

    def _linen(self, it: Sitter, rng: Generator) -> Tensor:
        color = sheet(it.photo, hexes(self.palette[0])[0])
        weave = (
            1
            + 0.07 * canvas(it.side, it.figure, 85)
            + 0.025 * noise(rng, (160, 20), it.side, it.figure)
            + 0.025 * noise(rng, (20, 160), it.side, it.figure)
        )
        linen = (color * weave).clamp(0, 1)
        return self._flowers(it, linen, rng) if self.wreath else linen

    def _flowers(self, it: Sitter, linen: Tensor, rng: Generator) -> Tensor:
        """Lazy-daisy flowers and leaves scattered on the linen."""
        x, y = coordinates(it.side, linen)
        leaf, petal = hexes("5f7f4f")[0], hexes(self.palette[2])[0]
        for _ in range(16):
            at = (uniform(rng, 0, 1), uniform(rng, 0, 1))
            size, turn = uniform(rng, 0.022, 0.036), uniform(rng, 0, 1)
            away, angle = polar(it.side, linen, at)
            rim = size * (0.55 + 0.45 * (pi * 5 * (angle + turn)).sin().abs())
            mask = smoothstep(away, rim + 0.003, rim - 0.003)
            ridge = 1 + 0.16 * torch.sin(140 * away / size * 0.25) * torch.sin(2 * pi * 40 * angle)
            stem = (
                smoothstep(((x - at[0]) - 0.3 * (y - at[1])).abs(), 0.006, 0.003)
                * smoothstep(y - at[1], 0.0, 0.01)
                * smoothstep(y - at[1], 2.4 * size, 2.2 * size)
            )
            linen = mix(linen, leaf, stem)
            linen = multiply(linen, hexes("3a2a2a")[0], 0.3 * shift(mask, 0.003, 0.005))
            linen = mix(linen, (sheet(linen, petal) * ridge).clamp(0, 1), mask)
            linen = mix(linen, hexes("f0c84a")[0], smoothstep(away, 0.3 * size, 0.2 * size))
        return linen

    def _direction(self, it: Sitter) -> Tensor:
        """Direction of the stitches: along hair, and around the centre of the face on skin."""
        x, y = coordinates(it.side, it.figure)
        middle = it.landmarks[30]
        around = torch.atan2(y - middle[1], x - middle[0]) + 0.5 * pi
        fan = torch.atan2(y - 1.4, x - middle[0]) + 0.5 * pi
        angle = torch.where(
            it.layers.cloth > 0.5, fan, torch.where(it.layers.skin > 0.5, 0.5 * pi + 0.6 * (x - middle[0]), around)
        )
        angle = torch.where(it.locks > 0.5, along_form(it, 0.008, around), angle)
        return averaged(angle, 1 + 0 * angle, 0.008)

    def _threads(self, it: Sitter) -> Tensor:
        """A limited palette: five tones for every material."""
        colors = mix(fill(it, natural(it.q)), it.flat, 0.6 * it.layers.skin)
        step = (blur(it.light, 0.006) * 5).floor() / 4
        lab = to_oklab(colors)
        light = torch.where(it.layers.eyes > 0.3, 0.0 * step, 0.24 * (step - 0.6))
        colors = from_oklab(torch.cat([lab[:, :1] + light, 1.3 * lab[:, 1:]], dim=1))
        hair = it.locks
        return mix(
            colors, (colors * (1 + 0.5 * (luma(it.flat) / luma(colors).clamp_min(0.05) - 1).clamp(-0.6, 0.6))).clamp(0, 1), hair
        )

    def _backstitched(self, it: Sitter, picture: Tensor, rng: Generator) -> Tensor:
        """Outlines in one dark thread, as backstitches."""
        pen = Pen(outer=0.0105, inner=0.008, crease=0.8, form=0.0, feature=1.2, swell=0.0, tremor=0.0008, smooth=0.006)
        lines = ink(it, pen, rng) * (1 - it.layers.eyes * (1 - eye_darks(it)) * (1 - it.layers.lines))
        x, y = coordinates(it.side, lines)
        dashes = 0.78 + 0.22 * torch.sin(2 * pi * (x + 0.7 * y) / 0.021)
        color = (
            sheet(picture, hexes(self.palette[1])[0])
            if luma(hexes(self.palette[1]).view(1, 3, 1, 1)).item() < 0.5
            else sheet(picture, hexes("2e2420")[0])
        )
        lit = (color * (0.75 + 0.5 * dashes)).clamp(0, 1)
        picture = multiply(picture, hexes("2a1a1a")[0], 0.3 * shift(lines, 0.003, 0.004))
        return mix(picture, lit, lines * (0.6 + 0.4 * dashes))

    def _hooped(self, it: Sitter, picture: Tensor) -> Tensor:
        away, angle = polar(it.side, it.figure, (0.5, 0.5))
        wood = mix(
            sheet(picture, hexes("c99a5f")[0]),
            hexes("8a5f35")[0],
            0.5 + 0.5 * torch.sin(60 * away + 3 * torch.sin(2 * pi * 3 * angle)),
        )
        ring = smoothstep((away - 0.6).abs(), 0.0275, 0.025)
        round_ = 1 - ((away - 0.6) / 0.0275).square().clamp(0, 1) * 0.5 + 0.12 * (angle * 2 * pi).cos()
        picture = multiply(picture, hexes("2a1a10")[0], 0.5 * blur(shift(ring, 0.008, 0.012), 0.006))
        return mix(picture, (wood * round_).clamp(0, 1), ring)
