"""A child's crayon drawing: scribbled fills that miss the outline, a sun in the corner, smiling faces."""

from dataclasses import dataclass
from math import pi

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import polar
from .blur import smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, luma, mix, saturate, sheet, to_oklab
from .directions import across_picture
from .ink import Pen, eye_darks, ink
from .palettes import tuned
from .paper import tooth
from .proportions import moved, scaled
from .regions import fill, natural
from .sitter import Sitter
from .strokes import Brush, Paint, lay
from .style import Style
from .warp import coordinates, tremble, warp

__all__ = ["Crayon"]

# Sky, grass, sun, outline.
PALETTES = (
    ("6fb7ef", "7fc45a", "f9d02f", "2a2a3a"),
    ("8fd0f0", "5fb07a", "f7a53a", "5a2f7a"),
    ("f3a6c0", "8fc97a", "f9d94f", "7a2f3a"),
    ("a9a4f0", "f0c050", "f47a5a", "23407a"),
    ("7fd8c8", "c9d84a", "f9c43a", "2f4a3a"),
)


@dataclass(frozen=True, kw_only=True)
class Crayon(Style):
    """Attributes: `slant` in turns and `size` of scribbles; `miss`, the offset between fills and lines; `sun`, its corner."""

    finer = 1

    palette: tuple[str, ...]
    slant: float
    size: float
    miss: float
    weight: float
    naive: float
    sun: int
    sky: str

    @classmethod
    def draw(cls, rng: Generator) -> "Crayon":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            slant=choose(rng, (-1, 1)) * uniform(rng, 0.08, 0.18),
            size=uniform(rng, 0.85, 1.25),
            miss=uniform(rng, 0.006, 0.012),
            weight=uniform(rng, 0.85, 1.25),
            naive=uniform(rng, 0.8, 1.2),
            sun=choose(rng, (0, 1)),
            sky=choose(rng, ("meadow", "sky", "paper", "hearts")),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Round heads, big eyes, tiny noses, wide smiles."""
        n = self.naive
        q = scaled(
            q,
            eye_size=1 + 0.6 * n,
            eye_x=1 + 0.1 * n,
            eye_open=1.1,
            nose_length=1 - 0.3 * n,
            nose_width=1 - 0.3 * n,
            nose_bridge=1 - 0.5 * n,
            face_width=1 + 0.1 * n,
            cheeks=1 + 0.3 * n,
            chin_length=1 - 0.16 * n,
            head_height=1 - 0.04 * n,
            ear_size=1 + 0.15 * n,
            neck=1 - 0.25 * n,
            yaw=0.5,
            pitch=0.5,
            wrinkles=0.0,
            blush=2.0,
            lip_upper=0.8,
            lip_lower=0.8,
            brow_width=0.8,
        )
        return moved(q, brow_y=0.1 * n, mouth_y=0.06 * n, smile=0.45, brow_arch=0.03)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        rough = tooth(rng, it.side, it.figure, 220)
        paper = sheet(it.photo, hexes("fcfaf3")[0]) * (1 + 0.008 * rough)
        off = tremble(rng, rough, self.miss, 5)
        wanted, where = self._fills(it, rng)
        wanted, where = warp(wanted, off), warp(where, off)
        paint = Paint(color=paper, height=torch.zeros_like(rough))
        for turn in (0.0, 0.04):
            angle = across_picture(rng, it, self.slant + turn, 0.012)
            brush = Brush(
                spacing=0.017 * self.size,
                length=5.0,
                width=0.62,
                taper=0.15,
                ragged=0.15,
                dry=0.35,
                bristles=2,
                stray=0.12,
                varied=0.035,
            )
            paint = lay(rng, brush, paint, wanted, angle, 0.9 * where)
        wax = mix(paint.color, mix(paper, wanted, 0.35 * where), 0.2)
        wax = mix(wax, paper, 0.4 * smoothstep(rough, 0.2, 1.8))
        return self._lined(it, wax, rough, rng).clamp(0, 1)

    def _lined(self, it: Sitter, picture: Tensor, rough: Tensor, rng: Generator) -> Tensor:
        """A waxy outline, drawn twice, with heavier eyes and mouth."""
        color = hexes(self.palette[3])[0]
        w = self.weight
        pen = Pen(outer=0.016 * w, inner=0.013 * w, crease=0.8, form=0.0, feature=1.5, swell=0.1, tremor=0.005, smooth=0.008)
        wax = 0.45 + 0.55 * smoothstep(rough, 1.7, 0.1)
        white = it.layers.eyes * (1 - eye_darks(it))
        picture = mix(picture, torch.ones(3), 0.9 * smoothstep(white, 0.4, 0.7))
        picture = mix(picture, saturate(it.flat, 1.4), 0.8 * it.layers.eyes * smoothstep(luma(it.flat), 0.66, 0.56))
        lines = torch.maximum(ink(it, pen, rng), 0.5 * ink(it, pen, rng) * (1 - it.layers.eyes))
        glint = it.layers.eyes * smoothstep(luma(it.flat), 0.8, 0.95)
        return mix(picture, color, (0.92 * lines * wax * (1 - glint)).clamp(0, 1))

    def _fills(self, it: Sitter, rng: Generator) -> tuple[Tensor, Tensor]:
        """Colours of the scribbles, and their pressure."""
        inks = natural(it.q)
        lab = to_oklab(fill(it, inks))
        colors = from_oklab(torch.cat([0.12 + 0.88 * lab[:, :1], 1.55 * lab[:, 1:]], dim=1))
        x, y = coordinates(it.side, it.figure)
        for mark in (48, 54):  # the mouth's corners: red cheeks lie above and outside
            at = it.landmarks[mark] + (it.landmarks[mark] - it.landmarks[51]) * 0.7 - it.landmarks.new_tensor([0.0, 0.055])
            spot = smoothstep(((x - at[0]) ** 2 + (y - at[1]) ** 2).sqrt(), 0.055, 0.03) * it.layers.skin
            colors = mix(colors, hexes("f0706a")[0], 0.5 * spot)
        behind, pressed = self._behind(it)
        hair = it.locks
        force = 0.72 + 0.28 * hair + 0.15 * it.layers.cloth
        inside = (it.figure > 0.5).float()
        return mix(behind, colors, inside), torch.lerp(pressed, force * (1 - 0.9 * it.layers.eyes), inside).clamp(0, 1)

    def _behind(self, it: Sitter) -> tuple[Tensor, Tensor]:
        """A typical background of children's drawings."""
        sky, grass, sun, _ = hexes(*self.palette)
        like = it.figure
        x, y = coordinates(it.side, like)
        picture, pressed = sheet(it.photo, sky), 0.0 * like
        if self.sky in ("meadow", "sky"):
            pressed = 0.75 * smoothstep(y, 1.0, 0.9) if self.sky == "sky" else 0.75 * smoothstep(y, 0.3, 0.2)
        if self.sky == "meadow":
            hill = 0.72 + 0.05 * torch.sin(7 * x)
            picture = mix(picture, grass, (y > hill).float())
            pressed = torch.maximum(pressed, 0.85 * smoothstep(y, hill, hill + 0.02))
        if self.sky == "hearts":
            u, v = (x * 5 + 0.5 * ((y * 5).floor() % 2)) % 1 - 0.5, (y * 5) % 1 - 0.5
            heart = (u * 3.4) ** 2 + (-v * 3.4 + 0.1 - (u * 3.4).abs().sqrt() * 0.75) ** 2
            pressed = torch.maximum(pressed, 0.9 * (heart < 0.75).float())
        away, angle = polar(it.side, like, (float(self.sun), 0.0))
        rim = 0.17 + 0.09 * ((angle * 2 * pi * 7).sin() > 0.1).float() * (away > 0.19).float()
        picture = mix(picture, sun, (away < rim).float())
        return picture, torch.maximum(pressed, 0.95 * (away < rim).float())
