"""A screen-printed poster: a few flat inks, and a face in planes of light."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import disc, rays
from .blur import blur, blur_inside, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, sheet
from .edges import creases
from .ink import eye_darks
from .noise import noise
from .palettes import tuned
from .proportions import moved, scaled
from .screens import rows, turned
from .sitter import Sitter
from .style import Style

__all__ = ["Poster"]

# From dark to light, then two inks of the background.
PALETTES = (
    ("0d2c44", "c8252c", "6d9aa6", "f3dfa9", "0f3a5a", "c8252c"),
    ("2a1a4a", "c2366b", "f28a5b", "fde3b5", "4b2a7a", "f2b84b"),
    ("12332f", "2e7d68", "e8a13c", "f7ebc8", "d9572b", "f0c064"),
    ("1d1f3d", "3d5a98", "ef767a", "fdeedc", "f7c948", "3d5a98"),
    ("30160f", "8f3b1b", "e07a3f", "f7d9a6", "2f6f73", "f4e7c5"),
    ("171717", "56606b", "f4c20d", "fff4d6", "e8432e", "fff4d6"),
    ("172a3a", "00798c", "edae49", "fbf2da", "d1495b", "f6d7a7"),
)


@dataclass(frozen=True, kw_only=True)
class Poster(Style):
    """Attributes: `levels`, thresholds between inks as shares of the figure; `hatched`, the striped ink; `shape`, the
    strength of the reshaping.
    """

    palette: tuple[str, ...]
    levels: tuple[float, float, float]
    smooth: float
    backdrop: str
    hatched: bool
    pitch: float
    rays: int
    turn: float
    own: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "Poster":
        first = uniform(rng, 0.16, 0.28)
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            levels=(first, first + uniform(rng, 0.18, 0.28), uniform(rng, 0.62, 0.74)),
            smooth=uniform(rng, 0.007, 0.012),
            backdrop=choose(rng, ("split", "rays", "sun", "bands")),
            hatched=uniform(rng, 0, 1) < 0.5,
            pitch=uniform(rng, 0.016, 0.024),
            rays=int(uniform(rng, 9, 18)),
            turn=uniform(rng, 0, 1),
            own=uniform(rng, 0.3, 0.55),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Raised heads: long necks, clear jaws, plain noses."""
        q = scaled(
            q,
            self.shape,
            jaw_width=1.06,
            cheeks=0.75,
            nose_width=0.88,
            neck=1.05,
            eye_size=1.12,
            brow_width=1.3,
            head_height=1.02,
            wrinkles=0.4,
        )
        return moved(q, self.shape, pitch=-0.06, brow_tilt=0.1)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        inks = hexes(*self.palette)
        tone = self._rank(it)
        picture = sheet(it.photo, inks[0])
        for color, level in zip(inks[1:4], self.levels, strict=True):
            picture = mix(picture, color, self._above(tone, level))
        if self.hatched:
            band = self._above(tone, self.levels[1]) * (1 - self._above(tone, self.levels[1] + 0.12))
            _, across = turned(it.side, tone, 0.0)
            picture = mix(picture, inks[1], band * rows(0.5 + 0 * tone, across / self.pitch))
        picture = mix(picture, inks[0], self._darks(it))
        picture = mix(picture, inks[3], it.layers.eyes * smoothstep(luma(it.flat), 0.62, 0.68))
        return mix(self._behind(it, inks), picture, smoothstep(blur(it.figure, 0.003), 0.56, 0.72)) * (
            1 + 0.012 * noise(rng, 200, it.side, tone)
        )

    def _rank(self, it: Sitter) -> Tensor:
        """Rank of the lightness within the figure, so that every face uses every ink."""
        figure = it.figure
        tone = self.own * luma(it.flat) + (1 - self.own) * it.light
        tone = blur_inside(tone, figure, self.smooth)
        sample = tone[figure > 0.5].sort().values
        if not len(sample):
            return tone
        return torch.searchsorted(sample.contiguous(), tone.contiguous()).to(tone) / len(sample)

    @staticmethod
    def _above(tone: Tensor, level: float) -> Tensor:
        return smoothstep(tone, level - 0.012, level + 0.012)

    @staticmethod
    def _darks(it: Sitter) -> Tensor:
        lines = smoothstep(blur(it.layers.lines, 0.002), 0.3, 0.5)
        mouth = 0 * lines
        return torch.stack(
            [
                lines,
                mouth,
                smoothstep(it.layers.brows, 0.4, 0.6),
                eye_darks(it),
                smoothstep(creases(it, 0.012), 0.4, 0.7),
                smoothstep(it.layers.glasses, 0.4, 0.6),
            ]
        ).amax(0)

    def _behind(self, it: Sitter, inks: Tensor) -> Tensor:
        like = it.figure
        picture = sheet(it.photo, inks[4])
        if self.backdrop == "rays":
            return mix(picture, inks[5], rays(it.side, like, (0.5, 0.95), 2 * self.rays, turn=self.turn))
        if self.backdrop == "sun":
            return mix(picture, inks[5], disc(it.side, like, (0.5, 0.45), 0.44))
        along, _ = turned(it.side, like, 0.0 if self.backdrop == "split" else 0.125)
        if self.backdrop == "split":
            return mix(picture, inks[5], smoothstep(along, 0.498, 0.502))
        return mix(picture, inks[5], rows(0.5 + 0 * like, along * 7 + self.turn))
