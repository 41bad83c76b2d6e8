"""Stained glass: coloured pieces in lead, light from behind, faces in dark paint on the glass."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import polar
from .blur import blur, blur_inside, smoothstep
from .cells import Cells, cut, mean_color
from .chance import choose, uniform
from .color import from_oklab, hexes, mix, multiply, saturate, screen, to_oklab
from .edges import creases, nib, outline, relief
from .ink import eye_darks
from .noise import fractal, noise
from .palettes import tuned
from .proportions import moved, scaled
from .regions import fill, natural
from .sitter import Sitter
from .style import Style
from .warp import coordinates

__all__ = ["StainedGlass"]

# Halo, then glass of the field, then of the border.
PALETTES = (
    ("f6c63c", "1f4fa8 2b6fd0 163a86 3a86d8", "b3202a"),
    ("ffe08a", "8a1c3a b8324a 6a1430 d05a5a", "1f5a9a"),
    ("f2b13a", "1f7a4f 2f9a62 14603c 58b07a", "6a2a8a"),
    ("ffd0a0", "5a2a92 7a44b8 44207a 9a6ad0", "d08a1f"),
    ("fff0b0", "0f7f92 1fa2b0 0a6074 52bcc4", "b8432a"),
    ("9fd8f0", "c2571f e07a2e a2401a f0a050", "1f4a7a"),
)


def _joined(cells: Cells, where: Tensor) -> Cells:
    """Merge the cells within a mask into one."""
    return Cells(
        gap=torch.where(where, torch.ones_like(cells.gap), cells.gap),
        index=torch.where(where, cells.count, cells.index),
        count=cells.count + 1,
    )


def _tuned(rng: Generator, palette: tuple[str, str, str]) -> tuple[str, str, str]:
    """A palette whose field has several colours, with slightly rotated hues."""
    codes = tuned(rng, tuple(" ".join(palette).split()), 0.05)
    return codes[0], " ".join(codes[1:-1]), codes[-1]


@dataclass(frozen=True, kw_only=True)
class StainedGlass(Style):
    """Attributes: `spacing` of the pieces; `lead`, its width; `field`, the partition of the background; `lit`, the
    brightness of the sun; `shape`, the strength of the reshaping.
    """

    palette: tuple[str, str, str]
    spacing: float
    lead: float
    field: str
    halo: float
    spokes: int
    lit: float
    uneven: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "StainedGlass":
        return cls(
            palette=_tuned(rng, choose(rng, PALETTES)),
            spacing=uniform(rng, 0.085, 0.14),
            lead=uniform(rng, 0.011, 0.016),
            field=choose(rng, ("pieces", "halo", "halo", "diamonds")),
            halo=uniform(rng, 0.36, 0.43),
            spokes=int(uniform(rng, 10, 19)),
            lit=uniform(rng, 0.85, 1.15),
            uneven=uniform(rng, 0.03, 0.07),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Long, solemn faces with large almond-shaped eyes and a small mouth."""
        q = scaled(
            q,
            self.shape,
            eye_size=1.32,
            eye_open=0.92,
            nose_length=1.1,
            nose_width=0.82,
            mouth_width=0.82,
            face_width=0.95,
            chin_length=1.03,
            cheeks=0.8,
            neck=0.9,
            yaw=0.85,
        )
        return moved(q, self.shape, brow_y=0.045, brow_arch=0.025)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        region = self._regions(it)
        # Lead across a face would look like a crack.
        cells = _joined(cut(rng, region, self.spacing, jitter=0.85, rounds=2), region == 1)
        glass = self._glass(it, cells, rng)
        glass = self._backlit(it, glass, rng)
        painted = self._painted(it, rng)
        glass = multiply(glass, hexes("2a1408")[0], painted)
        return self._leaded(it, glass, cells, region)

    def _regions(self, it: Sitter) -> Tensor:
        """Skin, hair, cloth and parts of the background, which no piece of glass crosses."""
        hair = it.locks
        region = torch.where(
            it.figure > 0.5,
            torch.where(blur(it.layers.cloth, 0.003) > 0.5, 3.0, torch.where(blur(hair, 0.003) > 0.5, 2.0, 1.0)),
            0.0,
        )
        return torch.where(region < 0.5, self._field(it), region)

    def _field(self, it: Sitter) -> Tensor:
        """Parts of the background: 0 is the field, 4 and above the pieces of the halo or the diamonds."""
        like = it.figure
        if self.field == "pieces":
            return torch.zeros_like(like)
        if self.field == "diamonds":
            x, y = coordinates(it.side, like)
            a, b = ((x + 0.7 * y) / 0.17).floor(), ((x - 0.7 * y) / 0.17).floor()
            return 4.0 + (a - a.min()) * 20 + (b - b.min())
        away, angle = polar(it.side, like, (0.5, 0.45))
        inner = 4.0 + (angle * self.spokes).floor().clamp(0, self.spokes - 1)
        ring = 4.0 + self.spokes + (angle * 2 * self.spokes).floor()
        return torch.where(away < self.halo, inner, torch.where(away < self.halo + 0.075, ring, 0.0 * away))

    def _glass(self, it: Sitter, cells: Cells, rng: Generator) -> Tensor:
        """A colour for each piece: pale for the face, deep for the rest, with variation."""
        colors = fill(it, natural(it.q))
        colors = mix(colors, hexes("fbe3c0")[0], 0.25 * it.layers.skin)
        colors = multiply(colors, hexes("7a5a8a")[0], 0.55 * smoothstep(it.light, 0.6, 0.2))
        colors = mix(self._field_colors(it, cells, rng), colors, (it.figure > 0.5).float())
        table = mean_color(colors, cells)
        lab = to_oklab(table.T[None, :, None])
        chance = torch.randn(3, cells.count, generator=rng).to(table)[None, :, None]
        lab = lab + self.uneven * chance * lab.new_tensor([0.8, 0.35, 0.35]).view(1, 3, 1, 1)
        vivid = torch.cat([lab[:, :1], 1.45 * lab[:, 1:]], dim=1)
        glass = from_oklab(vivid)[0, :, 0][:, cells.index[0, 0]][None]
        # Faces keep their own colours, as with silver stain.
        stain = saturate(blur_inside(colors, it.layers.skin + 1e-3, 0.03), 1.4)
        glass = mix(glass, stain, 0.95 * smoothstep(it.layers.skin, 0.4, 0.6))
        glass = mix(glass, saturate(colors, 1.5), 0.9 * it.layers.lips)
        return mix(glass, saturate(it.flat, 1.3), it.layers.eyes)

    def _field_colors(self, it: Sitter, cells: Cells, rng: Generator) -> Tensor:
        halo, field, border = self.palette
        tones = hexes(*field.split())
        chosen = tones[torch.randint(len(tones), (cells.count,), generator=rng)].to(it.photo)
        picture = chosen[cells.index[0, 0]].permute(2, 0, 1)[None]
        if self.field != "halo":
            return picture
        away, angle = polar(it.side, it.figure, (0.5, 0.45))
        warm = hexes(halo)[0]
        picture = mix(picture, warm, (away < self.halo).float())
        ring = ((away >= self.halo) & (away < self.halo + 0.075)).float()
        odd = (angle * 2 * self.spokes).floor() % 2
        return mix(mix(picture, hexes(border)[0], ring), warm, 0.8 * ring * odd)

    def _backlit(self, it: Sitter, glass: Tensor, rng: Generator) -> Tensor:
        """Streaks and bubbles in the glass, and a sky behind it that is brighter above."""
        _, down = coordinates(it.side, it.figure)
        streaks = (
            0.09 * noise(rng, (14, 50), it.side, down)
            + 0.07 * fractal(rng, 5, it.side, down)
            + 0.03 * noise(rng, 90, it.side, down)
        )
        level = self.lit * (1.2 - 0.35 * down + streaks)
        return (glass * level).clamp(0, 1)

    def _painted(self, it: Sitter, rng: Generator) -> Tensor:
        """Dark paint on the glass: features, and a wash in the shadows."""
        lines = smoothstep(blur(it.layers.lines, 0.003), 0.16, 0.4)
        form = 0.8 * smoothstep(relief(it, 0.01), 0.35, 0.75) * it.layers.skin * (1 - it.layers.eyes)
        wash = 0.3 * smoothstep(it.light, 0.5, 0.15) * it.layers.skin
        parts = [
            lines,
            form,
            wash,
            0.95 * eye_darks(it),
            0.92 * smoothstep(it.layers.brows, 0.3, 0.6),
            smoothstep(it.layers.glasses, 0.3, 0.6),
        ]
        return torch.stack(parts).amax(0)

    def _leaded(self, it: Sitter, glass: Tensor, cells: Cells, region: Tensor) -> Tensor:
        """Lead between pieces, heavier around the figure, with a dull highlight."""
        hair = it.locks
        bold = torch.minimum(torch.minimum(outline(it.figure, 0.006), outline(hair, 0.006)), outline(it.layers.cloth, 0.006))
        behind = (it.figure < 0.5).float()
        change = torch.maximum(
            (torch.diff(region, dim=3, prepend=region[..., :1])).abs(),
            torch.diff(region, dim=2, prepend=region[..., :1, :]).abs(),
        )
        seams = smoothstep(blur((change > 0.5).float() * behind, 0.35 * self.lead), 0.1, 0.3) * behind
        chin = smoothstep(creases(it, 0.014), 0.4, 0.6) * it.layers.skin
        clear = 1 - smoothstep(blur(it.layers.eyes, 0.008), 0.05, 0.3)
        lead = torch.stack([nib(bold, 1.15 * self.lead), nib(cells.gap, 0.8 * self.lead) * clear, seams, chin]).amax(0)
        glow = blur(glass, 0.02) * 0.25
        round_ = torch.maximum(nib(bold, 0.35 * self.lead), nib(cells.gap, 0.2 * self.lead)) * lead
        metal = hexes("17141a")[0] + 0 * glass[0, :, 0, 0]
        picture = mix(screen(glass, glow * glow), metal, lead)
        return mix(picture, hexes("4a4650")[0], 0.55 * round_)
