"""Ukiyo-e, Japanese woodblock prints: flat inks, brush outlines, graded skies, wood grain."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import disc, scallops
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, multiply, saturate, sheet
from .flowing import smear
from .ink import Pen, ink
from .noise import fractal, noise
from .palettes import tuned
from .proportions import moved, scaled
from .regions import Inks, fill, natural
from .screens import rows
from .sitter import Sitter
from .style import Style
from .warp import coordinates

__all__ = ["Ukiyoe"]

# Paper, sky above, sky below, sun, cloth, pattern.
PALETTES = (
    ("f1e3c2", "1f4e79", "f1e3c2", "d1493a", "274b6d", "e9c46a"),
    ("efdfbd", "c8553d", "f3dfb0", "c8352e", "3d5a4a", "e8d9a8"),
    ("f0e4c8", "5b7f6a", "efe3c0", "d9603f", "7a2f3a", "e6c58a"),
    ("eddcb8", "6a5a8a", "f0d9b8", "c94a4a", "2f4a6a", "d9b26a"),
    ("f2e6cc", "2f6f7f", "f6d9a8", "e0653f", "8a3a2a", "f0d8a0"),
    ("eee0c4", "3a3a4a", "d9c8a8", "b83a30", "4a5a3a", "d8c080"),
)


@dataclass(frozen=True, kw_only=True)
class Ukiyoe(Style):
    """Attributes: `backdrop`, its motif; `graded`, the extent of the sky's gradient; `wear` of the block and paper."""

    palette: tuple[str, ...]
    backdrop: str
    graded: float
    line: float
    wear: float
    courtly: float
    pitch: float
    sun: tuple[float, float, float]

    @classmethod
    def draw(cls, rng: Generator) -> "Ukiyoe":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            backdrop=choose(rng, ("sun", "waves", "mica", "mountain")),
            graded=uniform(rng, 0.3, 0.6),
            line=uniform(rng, 0.8, 1.25),
            wear=uniform(rng, 0.5, 1.0),
            courtly=uniform(rng, 0.8, 1.15),
            pitch=uniform(rng, 0.1, 0.16),
            sun=(uniform(rng, 0.15, 0.85), uniform(rng, 0.2, 0.4), uniform(rng, 0.16, 0.26)),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """A long oval with narrow slanting eyes, high thin brows, a long nose and a small mouth."""
        c = self.courtly
        q = scaled(
            q,
            eye_open=1 - 0.36 * c,
            eye_size=1 + 0.06 * c,
            nose_length=1 + 0.1 * c,
            nose_width=1 - 0.26 * c,
            nose_bridge=1 + 0.2 * c,
            mouth_width=1 - 0.3 * c,
            lip_upper=1.1,
            brow_width=0.85,
            face_width=1 - 0.05 * c,
            jaw_width=1 - 0.07 * c,
            chin_length=1 + 0.05 * c,
            neck=0.85,
            wrinkles=0.4,
        )
        return moved(q, eye_tilt=0.13 * c, brow_y=0.055 * c, brow_arch=0.02, mouth_y=0.01)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        paper, *_, cloth, pattern = hexes(*self.palette)
        inks = natural(it.q)
        skin = 0.45 * inks.skin + 0.55 * hexes("f3dcb8")[0] * (0.45 + 0.55 * float(inks.skin.mean()) / 0.75)
        hair = (
            0.3 * inks.hair + 0.7 * hexes("1e1a1c")[0] if float(luma(inks.hair.view(1, 3, 1, 1))) < 0.55 else 0.85 * inks.hair
        )
        picture = fill(
            it,
            Inks(
                skin=skin.clamp(0, 1),
                hair=hair,
                brow=0.5 * hair,
                lips=hexes("b9453c")[0],
                cloth=cloth,
                frame=inks.frame,
                back=paper,
            ),
        )
        picture = self._graded(it, picture, paper)
        picture = mix(picture, pattern, 0.9 * self._pattern(it) * it.layers.cloth)
        picture = mix(self._behind(it, rng), picture, smoothstep(it.figure, 0.4, 0.6))
        picture = self._printed(it, picture, paper, rng)
        w = self.line
        pen = Pen(
            outer=0.0085 * w,
            inner=0.006 * w,
            crease=0.9,
            form=0.35,
            feature=1.1,
            strand=0.7,
            swell=0.7,
            tremor=0.0012,
            smooth=0.005,
        )
        lines = ink(it, pen, rng)
        lines = lines * (1 - 0.25 * self.wear * smoothstep(fractal(rng, 50, it.side, lines), 0.8, 1.8))
        return mix(picture, hexes("1c181c")[0], lines)

    def _graded(self, it: Sitter, picture: Tensor, paper: Tensor) -> Tensor:
        """A touch of red on the cheeks, and shadow only as a second, paler block."""
        soft = smoothstep(blur(it.light, 0.02), 0.34, 0.3) * it.layers.skin * (1 - it.layers.eyes)
        picture = multiply(picture, hexes("d9b490")[0], 0.5 * soft)
        x, y = coordinates(it.side, it.figure)
        for corner in (1, 15):  # the jaw's landmarks beside the cheeks
            at = 0.55 * it.landmarks[corner] + 0.45 * it.landmarks[33]
            near = torch.exp(-(((x - at[0]) ** 2 + (y - at[1]) ** 2) / 0.0042))
            picture = multiply(picture, hexes("e88a70")[0], 0.35 * near * it.layers.skin)
        return picture

    def _pattern(self, it: Sitter) -> Tensor:
        rings, _ = scallops(it.side, it.figure, 0.6 * self.pitch, 3)
        return rows(torch.full_like(rings, 0.3), rings)

    def _behind(self, it: Sitter, rng: Generator) -> Tensor:
        paper, above, below, sun, *_ = hexes(*self.palette)
        like = it.figure
        x, y = coordinates(it.side, like)
        picture = mix(sheet(it.photo, below), paper, 0.3)
        if self.backdrop == "mica":
            picture = mix(sheet(it.photo, above), paper, 0.35)
            return mix(picture, torch.ones(3), 0.25 * smoothstep(noise(rng, 260, it.side, like), 1.2, 2.2))
        if self.backdrop == "sun":
            picture = mix(picture, sun, disc(it.side, like, self.sun[:2], self.sun[2]) * (1 - 0.25 * y))
        if self.backdrop == "mountain":
            peak = self.sun[0]
            slope = 0.34 + 0.75 * (x - peak).abs() ** 1.25 + 0.012 * torch.sin(60 * x)
            picture = mix(picture, 0.6 * above + 0.4 * below, smoothstep(y, slope - 0.003, slope + 0.003))
            picture = mix(
                picture,
                0.2 * above + 0.8 * paper,
                smoothstep(y, slope - 0.003, slope + 0.003) * smoothstep(y + 0.03 * torch.sin(50 * x), 0.475, 0.465),
            )
        if self.backdrop == "waves":
            rings, _ = scallops(it.side, like, self.pitch, 4)
            picture = mix(
                picture, 0.55 * above + 0.45 * paper, rows(torch.full_like(rings, 0.42), rings) * smoothstep(y, 0.5, 0.52)
            )
        reach = smoothstep(y + 0.03 * noise(rng, (2, 5), it.side, like), self.graded, 0.02)
        return mix(picture, above, 0.92 * reach)

    def _printed(self, it: Sitter, picture: Tensor, paper: Tensor, rng: Generator) -> Tensor:
        """Wood grain in the flat inks, fibres in the paper."""
        level = 0.03 * fractal(rng, 2, it.side, it.figure)
        grain = smear(noise(rng, (170, 60), it.side, level), level, 0.3)
        grain = grain / grain.std().clamp_min(1e-4)
        picture = mix(picture, paper, (0.08 * self.wear * smoothstep(grain, 0.2, 1.6)) * (1 - it.layers.eyes))
        picture = multiply(picture, paper, 0.5)
        return (saturate(picture, 1.1) * (1.06 + 0.015 * noise(rng, 180, it.side, level))).clamp(0, 1)
