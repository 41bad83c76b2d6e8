"""Pixel art: a few dozen squares per side, a console's palette, dark outlines, dithered light."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..painter import to_srgb
from ..parameters import Parameters
from .backdrops import polar
from .blur import blur_inside, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, sheet
from .edges import creases, outline
from .ink import eye_darks
from .palettes import nearest, turn_hue
from .proportions import moved, scaled
from .regions import mouth_inside, natural
from .sitter import Sitter
from .style import Style

__all__ = ["Pixel"]

PALETTES = (
    # 32 colours of Endesga
    "be4a2f d77643 ead4aa e4a672 b86f50 733e39 3e2731 a22633 e43b44 f77622 feae34 fee761 63c74d 3e8948 265c42 193c3e "
    "124e89 0099db 2ce8f5 ffffff c0cbdc 8b9bb4 5a6988 3a4466 262b44 181425 ff0044 68386c b55088 f6757a e8b796 c28569",
    # 16 colours of PICO-8, and its 16 hidden ones
    "000000 1d2b53 7e2553 008751 ab5236 5f574f c2c3c7 fff1e8 ff004d ffa300 ffec27 00e436 29adff 83769c ff77a8 ffccaa "
    "291814 111d35 422136 125359 742f29 49333b a28879 f3ef7d be1250 ff6c24 a8e72e 00b543 065ab5 754665 ff6e59 ff9d81",
    # greens of a handheld console
    "0f2f10 1e4a1e 306230 4f7a2c 8bac0f 9bbc0f c4d84a e4f08a",
    # candy colours
    "1a1c2c 5d275d b13e53 ef7d57 ffcd75 a7f070 38b764 257179 29366f 3b5dc9 41a6f6 73eff7 f4f4f4 94b0c2 566c86 333c57 "
    "8a4836 c2794e f5b98c ffdfc0 5a2e26",
    # dusk
    "0d0b1e 2b1b3d 4a2545 7a3048 b0434f e0694e f59a5e fcc877 fff0b8 3d3a6b 5a5aa0 8a86c8 c3b8e0 6b3a3a 9a5c4a c98a66",
)
BAYER = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]


@dataclass(frozen=True, kw_only=True)
class Pixel(Style):
    """Attributes: `size` of a square in sides; `dither` strength; `chibi`, how childlike; `backdrop`, its pattern."""

    palette: str
    size: float
    dither: float
    chibi: float
    backdrop: str
    back: tuple[float, float]

    @classmethod
    def draw(cls, rng: Generator) -> "Pixel":
        return cls(
            palette=choose(rng, PALETTES),
            size=choose(rng, (2, 2, 3)) / 128,
            dither=choose(rng, (0.0, 0.12, 0.22)),
            chibi=uniform(rng, 0.8, 1.2),
            backdrop=choose(rng, ("plain", "checks", "sky", "glow")),
            back=(uniform(rng, 0, 1), uniform(rng, 0, 1)),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Childlike proportions, so that the eyes cover enough squares."""
        c = self.chibi
        q = scaled(
            q,
            eye_size=1 + 0.42 * c,
            eye_x=1 + 0.05 * c,
            eye_open=1.12,
            nose_width=1 - 0.25 * c,
            nose_length=1 - 0.15 * c,
            chin_length=1 - 0.1 * c,
            jaw_width=1 - 0.08 * c,
            brow_width=1.5,
            yaw=0.8,
            gaze_x=0.6,
        )
        return moved(q, brow_y=0.07 * c, mouth_y=0.03 * c)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        colors = hexes(*self.palette.split()).to(it.photo)
        grid = int(1 / self.size + 0.999)
        small = self._tones(it, grid, colors)
        inside = self._squares(it, it.figure)
        small = mix(self._behind(grid, small, self._unlike(self._one(natural(it.q).skin, colors), colors, 0.4)), small, inside)
        dark = colors[luma(colors.T[None, :, None])[0, 0, 0].argmin()]
        small = mix(small, dark, self._rim(inside))
        steps = ((torch.arange(it.side, device=small.device) + 0.5) / it.side / self.size).long().clamp_max(grid - 1)
        return small[:, :, steps][:, :, :, steps]

    def _shrunk(self, it: Sitter, x: Tensor) -> Tensor:
        """Mean over each square, ``[1, C, G, G]``."""
        grid = int(1 / self.size + 0.999)
        wide = grid * 8
        reach = round(8 / self.size)  # the edge may cut off the last square
        whole = F.interpolate(x, (reach, reach), mode="bilinear", align_corners=False)
        whole = F.pad(whole, (0, wide - reach, 0, wide - reach), mode="replicate")
        return F.avg_pool2d(whole, 8)

    def _squares(self, it: Sitter, mask: Tensor, least: float = 0.5) -> Tensor:
        return (self._shrunk(it, mask) > least).float()

    @staticmethod
    def _rim(inside: Tensor) -> Tensor:
        """Mask of the squares adjacent to the figure, without corners."""
        beside = torch.maximum(F.max_pool2d(inside, (3, 1), 1, (1, 0)), F.max_pool2d(inside, (1, 3), 1, (0, 1)))
        return beside - inside

    def _bayer(self, like: Tensor) -> Tensor:
        tile = (like.new_tensor(BAYER) + 0.5) / 16 - 0.5
        repeat = -(-like.shape[-1] // 4)
        return tile.repeat(repeat, repeat)[: like.shape[-2], : like.shape[-1]][None, None]

    def _tones(self, it: Sitter, grid: int, colors: Tensor) -> Tensor:
        """The figure ``[1, 3, G, G]``: three tones for each material, all from the palette."""
        smooth = self._shrunk(it, blur_inside(it.light, it.figure, 0.008))
        light = smooth + self.dither * self._bayer(smooth)
        ramp = [(light < 0.33).float(), (light > 0.8).float()]
        inks = natural(it.q)
        hair = it.locks
        picture = self._material(inks.skin, [ramp[0], (smooth > 0.9).float()], colors)
        picture = mix(
            picture, self._one(0.35 * inks.skin, colors), self._squares(it, smoothstep(creases(it, 0.012), 0.4, 0.6), 0.4)
        )
        picture = mix(picture, self._material(inks.cloth, ramp, colors), self._squares(it, it.layers.cloth))
        flesh = self._one(inks.skin, colors)
        picture = mix(picture, self._material(inks.hair, ramp, self._unlike(flesh, colors, 0.2)), self._squares(it, hair))
        return self._features(it, picture, colors)

    def _features(self, it: Sitter, picture: Tensor, colors: Tensor) -> Tensor:
        layers, inks = it.layers, natural(it.q)
        dark = self._one(0.25 * inks.brow, colors)
        picture = mix(picture, self._one(inks.lips, colors), self._squares(it, layers.lips, 0.4))
        picture = mix(
            picture, self._one(0.3 * inks.lips, colors), self._squares(it, layers.lines * smoothstep(layers.lips, 0, 0.3), 0.3)
        )
        picture = mix(
            picture,
            self._one(torch.tensor([0.95, 0.93, 0.9]), colors),
            self._squares(it, mouth_inside(it) * smoothstep(luma(it.flat), 0.4, 0.6), 0.45),
        )
        picture = mix(picture, self._one(0.8 * inks.brow, colors), self._squares(it, it.layers.brows, 0.42))
        picture = mix(picture, self._one(torch.tensor([0.97, 0.95, 0.93]), colors), self._squares(it, layers.eyes, 0.42))
        iris = layers.eyes * smoothstep(luma(it.flat), 0.66, 0.56)
        picture = mix(picture, self._one((1.25 * to_srgb(it.q.iris)[0]).clamp(0, 1), colors), self._squares(it, iris, 0.42))
        picture = mix(picture, dark, self._squares(it, eye_darks(it), 0.5))
        lash = layers.lines * smoothstep(outline(layers.eyes, 0.002), 0.03, 0.02)
        picture = mix(picture, dark, self._squares(it, lash, 0.3))
        return mix(picture, self._one(inks.frame, colors), self._squares(it, layers.glasses, 0.33))

    @staticmethod
    def _unlike(color: Tensor, colors: Tensor, least: float) -> Tensor:
        """The palette without colours that are too similar to one colour."""
        apart = (colors - color).square().sum(dim=1).sqrt()
        return colors[apart > min(least, 0.9 * float(apart.max()))]

    @staticmethod
    def _one(color: Tensor, colors: Tensor) -> Tensor:
        """The nearest colour, weighting hue more than tone: few palettes have many browns, and grey skin looks sick."""
        return nearest(color.to(colors).view(1, 3, 1, 1), colors, 2.0)[0, :, 0, 0]

    def _material(self, color: Tensor, ramp: list[Tensor], colors: Tensor) -> Tensor:
        """Midtone, shadow and light of one colour; adjacent palette entries if they would coincide."""
        color = color.to(colors)
        middle = self._one(color, colors)
        others = colors[(colors - middle).abs().sum(dim=1) > 1e-3]
        darker = others[luma(others.T[None, :, None])[0, 0, 0] < luma(middle.view(1, 3, 1, 1)).flatten() - 0.03]
        lighter = others[luma(others.T[None, :, None])[0, 0, 0] > luma(middle.view(1, 3, 1, 1)).flatten() + 0.03]
        picture = sheet(ramp[0], middle)
        if len(darker):
            picture = mix(picture, self._one(color * color.new_tensor([0.66, 0.58, 0.68]), darker), ramp[0])
        if len(lighter):
            picture = mix(picture, self._one(1 - (1 - color) * color.new_tensor([0.62, 0.66, 0.72]), lighter), ramp[1])
        return picture

    def _behind(self, grid: int, like: Tensor, colors: Tensor) -> Tensor:
        wanted = turn_hue(hexes("6f8fd0", "a8c4f0", "5a4a8a"), self.back[0])
        first = self._one(wanted[1 + int(self.back[1] > 0.6)], colors)
        second = self._one(wanted[0], self._unlike(first, colors, 0.15))
        picture = sheet(like, first)
        steps = torch.arange(grid, device=like.device)
        x, y = steps[None, None, None, :], steps[None, None, :, None]
        if self.backdrop == "checks":
            return mix(picture, second, (((x // 4) + (y // 4)) % 2).float().expand_as(like[:, :1]))
        if self.backdrop == "sky":
            level = (y + 0 * x).float() / grid + 0.12 * self._bayer(like)
            return mix(picture, second, (level > 0.5).float())
        if self.backdrop == "glow":
            away, _ = polar(grid, like, (0.5, 0.45))
            return mix(picture, second, ((away + 0.06 * self._bayer(like)) > 0.42).float())
        return picture
