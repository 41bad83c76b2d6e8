"""Cut paper: layers of card, each casting a shadow on the one below."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import disc, polar
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, luma, mix, multiply, sheet, to_oklab
from .edges import creases
from .ink import eye_darks
from .noise import fractal, noise
from .palettes import tuned
from .proportions import moved, scaled
from .regions import marks, mouth_inside, natural
from .sitter import Sitter
from .style import Style
from .warp import coordinates, shift

__all__ = ["Papercut"]

# Backdrop from the farthest sheet to the nearest.
PALETTES = (
    ("f7ede2", "f5cac3", "f28482", "84a59d"),
    ("fefae0", "e9edc9", "ccd5ae", "d4a373"),
    ("e0fbfc", "98c1d9", "5b8fb9", "3d5a80"),
    ("fff1e6", "ffd7ba", "fec89a", "f08080"),
    ("edf6f9", "83c5be", "4fa3a0", "006d77"),
    ("f3e8ff", "d8bbff", "a98be0", "7a5cc0"),
    ("fff3b0", "f2c14e", "e08e45", "9e3a2f"),
)


@dataclass(frozen=True, kw_only=True)
class Papercut(Style):
    """Attributes: `lift`, the height of a sheet (length of its shadow); `scene` of the background; `smooth`, detail that
    the cut omits.
    """

    palette: tuple[str, ...]
    lift: float
    smooth: float
    scene: str
    fibre: float
    sweet: float
    place: tuple[float, float]

    @classmethod
    def draw(cls, rng: Generator) -> "Papercut":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            lift=uniform(rng, 0.008, 0.014),
            smooth=uniform(rng, 0.006, 0.01),
            scene=choose(rng, ("rings", "hills", "clouds", "leaves")),
            fibre=uniform(rng, 0.6, 1.2),
            sweet=uniform(rng, 0.7, 1.15),
            place=(uniform(rng, 0.2, 0.8), uniform(rng, 0.15, 0.35)),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Few and round shapes."""
        s = self.sweet
        q = scaled(
            q,
            eye_size=1 + 0.45 * s,
            eye_x=1 + 0.06 * s,
            nose_length=1 - 0.18 * s,
            nose_width=1 - 0.2 * s,
            chin_length=1 - 0.1 * s,
            jaw_width=1 - 0.06 * s,
            cheeks=1 + 0.2 * s,
            brow_width=1.3,
            neck=0.85,
            ear_size=1.1,
            lip_upper=1.2,
            lip_lower=1.2,
            yaw=0.8,
        )
        return moved(q, brow_y=0.07 * s, mouth_y=0.03 * s)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        picture = self._backdrop(it, rng)
        for mask, color, lift in self._sheets(it):
            picture = self._glued(it, picture, mask, color, lift, rng)
        grain = (
            0.012 * self.fibre * (fractal(rng, 90, it.side, it.figure, octaves=2) + noise(rng, (60, 240), it.side, it.figure))
        )
        return (picture * (1 + grain)).clamp(0, 1)

    def _sheets(self, it: Sitter) -> list[tuple[Tensor, Tensor, float]]:
        """Masks, colours and heights, from the lowest sheet to the highest."""
        layers, inks = it.layers, natural(it.q)
        hair = it.locks
        light = blur(it.light, 0.012)
        whole = (it.figure > 0).float()
        shade = smoothstep(light, 0.4, 0.38) * layers.skin * (1 - layers.eyes)
        hair_dark, hair_light = self._tone(inks.hair, -0.09), self._tone(inks.hair, 0.07)
        pale = 0.6 * inks.skin + 0.4 * torch.ones(3)
        under = self._tone(inks.skin, -0.1)
        eyes = layers.eyes
        iris = eyes * smoothstep(luma(it.flat), 0.66, 0.56)
        color = it.flat.mean(dim=(2, 3))[0]
        iris_color = (it.flat * iris).sum(dim=(2, 3))[0] / iris.sum().clamp_min(1e-3)
        assert color.shape == iris_color.shape
        return [
            (it.figure * whole, inks.skin, 1.3),
            (shade, under, 0.0),
            (smoothstep(creases(it, 0.02), 0.2, 0.5) * layers.skin, self._tone(inks.skin, -0.16), 0.0),
            (marks(it), self._tone(inks.skin, -0.2), 0.2),
            (layers.cloth, inks.cloth, 1.0),
            (layers.lips, inks.lips, 0.45),
            (mouth_inside(it), hexes("5a1f28")[0], 0.0),
            (mouth_inside(it) * smoothstep(luma(it.flat), 0.4, 0.6), hexes("fbf6ee")[0], 0.2),
            (eyes, hexes("fdfaf4")[0], 0.0),
            (iris, (1.3 * iris_color).clamp(0, 1), 0.3),
            (eye_darks(it) * smoothstep(luma(it.flat), 0.25, 0.15), hexes("1c1820")[0], 0.2),
            (
                smoothstep(blur(layers.lines, 0.0016), 0.28, 0.5) * smoothstep(layers.skin, 0, 0.5),
                self._tone(inks.brow, -0.02),
                0.3,
            ),
            (eyes * smoothstep(luma(it.flat), 0.84, 0.9) * smoothstep(blur(iris, 0.006), 0.4, 0.6), torch.ones(3), 0.0),
            (hair, inks.hair, 1.0),
            (hair * smoothstep(light, 0.42, 0.4), hair_dark, 0.0),
            (hair * smoothstep(light, 0.74, 0.76), hair_light, 0.35),
            (it.layers.brows, inks.brow, 0.5),
            (layers.glasses, inks.frame, 0.8),
        ] + [(torch.zeros_like(hair), pale, 0.0)] * 0

    @staticmethod
    def _tone(color: Tensor, step: float) -> Tensor:
        """The same card, darker or lighter."""
        lab = to_oklab(color.view(1, 3, 1, 1))
        return from_oklab(lab + lab.new_tensor([step, 0, 0]).view(1, 3, 1, 1))[0, :, 0, 0]

    def _glued(self, it: Sitter, picture: Tensor, mask: Tensor, color: Tensor, lift: float, rng: Generator) -> Tensor:
        """Add one sheet: first its shadow, then the card with its cut edge lit from above."""
        pixel = 0.7 / it.side
        soft = blur(mask, self.smooth if lift > 0.9 else 0.002)
        edge = smoothstep(soft, 0.5 - 6 * pixel - 0.04, 0.5 + 6 * pixel + 0.04)
        if lift:
            reach = lift * self.lift
            shadow = blur(shift(edge, 0.9 * reach, 1.3 * reach), 0.6 * reach)
            picture = multiply(picture, hexes("3a2a4a")[0], 0.5 * shadow)
        picture = mix(picture, color, edge)
        if lift > 0.4:
            rim = (edge - shift(edge, 0.0035, 0.0045)).clamp(0, 1)
            picture = mix(picture, torch.ones(3), 0.3 * rim)
        return picture

    def _backdrop(self, it: Sitter, rng: Generator) -> Tensor:
        """Sheets with shapes cut into them, in several layers."""
        colors = hexes(*self.palette)
        like = it.figure
        x, y = coordinates(it.side, like)
        away, angle = polar(it.side, like, (0.5, 0.5))
        picture = sheet(it.photo, colors[0])
        for level in range(1, 4):
            wave = 0.5 * noise(rng, 5, it.side, like)
            if self.scene == "rings":
                field = away - (0.72 - 0.1 * level) * 1.0 + 0.02 * wave
                mask, order = smoothstep(field, 0.1 * 0 - 0.002, 0.002), 4 - level
            elif self.scene == "hills":
                mask, order = (
                    smoothstep(
                        y - 0.22 - 0.2 * level + 0.05 * torch.sin(9 * x + 2.1 * level + 20 * self.place[0]) + 0.03 * wave,
                        -0.002,
                        0.002,
                    ),
                    level,
                )
            elif self.scene == "clouds":
                row = 0.16 + 0.27 * (level - 1)
                puffs = 0.045 * torch.sin(24 * x + 2.3 * level + 9 * self.place[0]).abs() + 0.03 * torch.sin(9 * x + level)
                mask, order = smoothstep(0.13 - (y - row - 0.1).abs() + puffs - 0.05, -0.002, 0.002), level
            else:
                petals = 0.2 + 0.13 * level + 0.07 * torch.sin(angle * 6.283 * (5 + 2 * (4 - level)) + level).abs()
                mask, order = smoothstep(away - petals - 0.02, -0.002, 0.002), level
            picture = self._glued(it, picture, mask, colors[order], 1.2, rng)
        if self.scene in ("hills", "clouds"):
            sun = disc(it.side, like, self.place, 0.1)
            picture = mix(picture, torch.ones(3), 0.0 * sun)
        return picture
