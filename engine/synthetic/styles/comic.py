"""Offset-printed comics: ink outlines, flat colours, halftone shadows, a burst in the background."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import rays
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import hexes, mix, multiply, saturate
from .ink import Pen, ink
from .noise import noise
from .palettes import tuned
from .proportions import moved, scaled
from .regions import fill, natural
from .screens import dots
from .sitter import Sitter
from .style import Style

__all__ = ["Comic"]

# Two colours of the background, and that of the shadows.
PALETTES = (
    ("f9d423", "f26b21", "7a4b9a"),
    ("7fd1e8", "2a8fc7", "4a5fae"),
    ("f4a6c0", "e0457b", "7b4a9e"),
    ("b7dd7a", "3fa66b", "3f6f8f"),
    ("ffe9a8", "f6b53c", "a05a6a"),
    ("c9b6e8", "7a5cc0", "54489a"),
    ("f2efe2", "d8352c", "56618f"),
)


@dataclass(frozen=True, kw_only=True)
class Comic(Style):
    """Attributes: `pitch` of the dots; `backdrop`: rays, dots or a split; the others as in `Pen` and the palette."""

    pen: Pen
    palette: tuple[str, ...]
    backdrop: str
    pitch: float
    angle: float
    shadow: float
    heroic: float
    rays: int
    yellowed: float

    @classmethod
    def draw(cls, rng: Generator) -> "Comic":
        weight = uniform(rng, 0.8, 1.35)
        return cls(
            pen=Pen(
                outer=0.017 * weight,
                inner=0.011 * weight,
                crease=1.0,
                form=0.7,
                feature=1.3 * weight,
                strand=0.85,
                swell=0.55,
                tremor=0.0015,
            ),
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            backdrop=choose(rng, ("rays", "dots", "split")),
            pitch=uniform(rng, 0.013, 0.024),
            angle=uniform(rng, 0.02, 0.11),
            shadow=uniform(rng, 0.38, 0.5),
            heroic=uniform(rng, 0.6, 1.3),
            rays=int(uniform(rng, 10, 22)),
            yellowed=uniform(rng, 0.0, 0.8),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """A strong jaw, a small nose, low heavy brows over large clear eyes."""
        h = self.heroic
        q = scaled(
            q,
            jaw_width=1 + 0.1 * h,
            chin_length=1 + 0.07 * h,
            cheeks=1 - 0.3 * h,
            nose_width=1 - 0.18 * h,
            brow_width=1 + 0.35 * h,
            eye_size=1 + 0.18 * h,
            head_height=1 + 0.03 * h,
            wrinkles=0.5,
        )
        return moved(q, eye_tilt=0.05 * h, brow_tilt=0.25 * h, brow_y=0.02 * h)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        colors = saturate(fill(it, natural(it.q)), 1.35)
        picture = self._lit(it, colors)
        picture = mix(self._behind(it), picture, it.figure)
        paper = mix(torch.ones_like(picture), hexes("f3e3bd")[0], 0.75 * self.yellowed)
        grain = 1 + 0.025 * noise(rng, 260, it.side, picture) * self.yellowed
        picture = (picture * paper * grain).clamp(0, 1)
        return mix(picture, hexes("14101c")[0], ink(it, self.pen, rng))

    def _lit(self, it: Sitter, colors: Tensor) -> Tensor:
        """A hard-edged shadow with halftone at its border, and a highlight on the hair."""
        tint = hexes(self.palette[2])[0]
        light = blur(it.light, 0.006)
        flesh = (1 - it.layers.eyes) * it.figure
        deep = smoothstep(light, self.shadow - 0.13, self.shadow - 0.16) * flesh
        half = smoothstep(light, self.shadow + 0.12, self.shadow - 0.14) * 0.62 * (1 - deep) * flesh
        picture = multiply(colors, tint, 0.62 * torch.maximum(deep, dots(half, self.pitch, self.angle)))
        shine = smoothstep(light, 0.78, 0.8) * it.locks
        return mix(picture, torch.ones(3), 0.28 * shine)

    def _behind(self, it: Sitter) -> Tensor:
        first, last = hexes(*self.palette[:2])
        picture = first.to(it.photo).view(1, 3, 1, 1).expand_as(it.photo)
        like = it.figure
        if self.backdrop == "rays":
            return mix(picture, last, rays(it.side, like, (0.5, 0.55), self.rays))
        x = torch.linspace(0, 1, it.side, device=like.device).view(1, 1, -1, 1).expand_as(like)
        if self.backdrop == "dots":
            return mix(picture, last, dots(0.02 + 0.75 * x, 2.2 * self.pitch, 0.125))
        return mix(picture, last, smoothstep(x + 0.6 * x.transpose(2, 3), 0.795, 0.805))
