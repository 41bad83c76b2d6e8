"""A figure of an animated film: huge eyes, a button nose, soft skin under two-coloured studio light."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import disc, polar
from .blur import blur, blur_inside, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, saturate, screen, sheet
from .edges import creases
from .palettes import tuned
from .proportions import moved, scaled
from .sitter import Sitter
from .style import Style
from .warp import shift

__all__ = ["Toon"]

# Upper and lower background colour, then the two rim lights.
PALETTES = (
    ("8fd3f4", "e8f7d8", "9fe0ff", "ffd9a0"),
    ("ffb88c", "de6262", "ffd0a0", "ff8fb0"),
    ("a18cd1", "fbc2eb", "d0b0ff", "ffb0d8"),
    ("43c6ac", "f8ffae", "a0ffe8", "fff0a0"),
    ("2b5876", "4e8098", "90c8ff", "ffb890"),
    ("f6d365", "fda085", "fff0b0", "ff9a80"),
    ("667eea", "a6c1ee", "a8b8ff", "ffc8e0"),
)


@dataclass(frozen=True, kw_only=True)
class Toon(Style):
    """Attributes: `eyes`, their size; `cute`, the reduction of the other features; `key`, the direction of the light."""

    finer = 1

    palette: tuple[str, ...]
    eyes: float
    cute: float
    key: float
    glow: float
    rim: float
    gloss: float
    bokeh: int

    @classmethod
    def draw(cls, rng: Generator) -> "Toon":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            eyes=uniform(rng, 1.5, 1.68),
            cute=uniform(rng, 0.75, 1.15),
            key=uniform(rng, -0.75, 0.75),
            glow=uniform(rng, 0.5, 1.0),
            rim=uniform(rng, 0.5, 1.0),
            gloss=uniform(rng, 0.3, 0.9),
            bokeh=int(uniform(rng, 0, 15)),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Large round eyes, small noses, narrow jaws, thin necks."""
        c = self.cute
        q = scaled(
            q,
            eye_size=self.eyes,
            eye_x=1.12,
            eye_open=1.9,
            gaze_x=0.7,
            nose_length=1 - 0.3 * c,
            nose_width=1 - 0.36 * c,
            nose_bridge=1 - 0.6 * c,
            chin_length=1 - 0.12 * c,
            jaw_width=1 - 0.22 * c,
            mouth_width=1 - 0.16 * c,
            neck=1 - 0.22 * c,
            head_height=1 + 0.06 * c,
            cheeks=1 + 0.12 * c,
            brow_width=1.35,
            yaw=0.8,
            wrinkles=0.35,
            blush=1.5,
            hair_volume=1.2,
        )
        return moved(q, brow_y=0.15, mouth_y=0.06, smile=0.3, nose_tip=0.02, brow_arch=0.02)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        normal = F.normalize(it.layers.normal, dim=1)
        figure = it.figure
        color = saturate(self._softened(it), 1.25)
        lit = color * self._light(it, normal)
        lit = screen(lit, self._glints(it, normal))
        lit = self._eyes(it, lit, color)
        lit = mix(lit, color * (0.75 + 0.35 * it.light), it.layers.glasses)
        return mix(self._behind(it, rng), (1.04 * lit).clamp(0, 1), figure).clamp(0, 1)

    @staticmethod
    def _softened(it: Sitter) -> Tensor:
        """Skin without pores but with freckles and flush, as if translucent."""
        skin = it.layers.skin * (1 - it.layers.eyes) * (1 - it.layers.lips) * (1 - it.layers.lines) * (1 - it.layers.brows)
        return mix(it.flat, blur_inside(it.flat, skin + 1e-3, 0.006), smoothstep(skin, 0.6, 1.0))

    def _light(self, it: Sitter, normal: Tensor) -> Tensor:
        """A wrapped key light, sky light, and red subsurface scattering; ``[1, 3, S, S]``."""
        toward = normal.new_tensor([self.key, 0.5, 0.75]).view(1, 3, 1, 1)
        toward = toward / toward.norm()
        facing = (normal * toward).sum(dim=1, keepdim=True)
        open_ = (1 - 0.55 * blur(creases(it, 0.03), 0.008)) * (0.62 + 0.38 * smoothstep(it.light, 0.05, 0.5))
        key = ((facing + 0.45) / 1.45).clamp_min(0) ** 1.15 * open_
        sky = (0.55 + 0.45 * normal[:, 1:2]) * open_
        upper, lower = hexes(*self.palette[:2]).to(normal)
        warm = normal.new_tensor([1.0, 0.35, 0.25]).view(1, 3, 1, 1)
        bleed = torch.exp(-(((facing - 0.02) / 0.3) ** 2)) * it.layers.skin * (1 - it.layers.eyes)
        ambient = 0.45 * sheet(it.photo, 0.82 + 0.22 * upper) * sky + 0.12 * sheet(it.photo, lower) * (
            0.5 - 0.5 * normal[:, 1:2]
        )
        lamp = normal.new_tensor([1.08, 1.0, 0.9]).view(1, 3, 1, 1)
        light: Tensor = 0.84 * key * lamp + ambient + 0.13 * self.glow * bleed * warm + 0.06
        return light

    def _glints(self, it: Sitter, normal: Tensor) -> Tensor:
        """Rim lights along both outlines, and a soft shine on skin and hair."""
        edge = (1 - normal[:, 2:].clamp(0, 1)) ** 2.5 * smoothstep(it.figure, 0.5, 1.0)
        left, right = hexes(*self.palette[2:4])
        side = normal[:, :1]
        rim = sheet(it.photo, left) * (edge * smoothstep(-side, 0.1, 0.9)) + sheet(it.photo, right) * (
            edge * smoothstep(side, 0.1, 0.9)
        )
        half = F.normalize(normal.new_tensor([self.key, 0.5, 1.75]), dim=0).view(1, 3, 1, 1)
        shine = (normal * half).sum(dim=1, keepdim=True).clamp(0, 1)
        skin = it.layers.skin * (1 - it.layers.eyes)
        return self.rim * 0.75 * rim + self.gloss * (0.16 * shine**22 * skin + 0.5 * shine**40 * it.layers.lips)

    def _eyes(self, it: Sitter, lit: Tensor, color: Tensor) -> Tensor:
        """Bright eyes in any light: pale sclera, glowing irises, two catchlights each."""
        eyes = it.layers.eyes
        bright = saturate(color, 1.35) * (0.78 + 0.3 * smoothstep(it.light, 0.0, 0.6))
        below = blur_inside(1 - luma(color), eyes + 1e-3, 0.006)
        # The lid's shadow falls on the eyeball; without it, eyes seem to stare.
        lid = shift(1 - eyes, 0.0, 0.016) * eyes
        bright = bright * (1.0 + 0.4 * below) * (1 - 0.4 * blur(lid, 0.004))
        lit = mix(lit, bright.clamp(0, 1), eyes)
        lit = mix(
            lit,
            hexes("2a1418")[0],
            0.9
            * smoothstep(blur(it.layers.lines, 0.0022), 0.18, 0.45)
            * smoothstep(blur(eyes, 0.012), 0.02, 0.12)
            * (1 - eyes),
        )
        for first in (36, 42):
            corners = it.landmarks[first : first + 6]
            x, y = corners.mean(dim=0).tolist()
            size = float((corners[3] - corners[0]).norm())
            gaze = 0.11 * size * float(it.q.gaze_x)
            spot = disc(it.side, eyes, (x + gaze + 0.14 * size, y - 0.13 * size), 0.085 * size)
            small = disc(it.side, eyes, (x + gaze - 0.13 * size, y + 0.1 * size), 0.04 * size)
            lit = screen(lit, torch.maximum(0.95 * spot, 0.6 * small) * smoothstep(eyes, 0.3, 0.9))
        return lit

    def _behind(self, it: Sitter, rng: Generator) -> Tensor:
        upper, lower = hexes(*self.palette[:2])
        away, _ = polar(it.side, it.figure, (0.5, 0.62))
        picture = mix(sheet(it.photo, upper), lower, smoothstep(away, 0.75, 0.1))
        for _ in range(self.bokeh):
            at = (uniform(rng, 0, 1), uniform(rng, 0, 0.9))
            spot = disc(it.side, it.figure, at, uniform(rng, 0.02, 0.09))
            picture = screen(picture, uniform(rng, 0.05, 0.22) * blur(spot, 0.004))
        return picture
