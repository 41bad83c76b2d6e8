"""Art deco: smooth metal faces, gold lines on black and jewel tones, a fan of rays."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .backdrops import polar, rays, scallops
from .blur import blur, blur_inside, smoothstep
from .chance import choose, uniform
from .color import hexes, luma, mix, sheet
from .edges import strands
from .ink import Pen, eye_darks, ink
from .noise import noise
from .palettes import tuned
from .proportions import moved, scaled
from .screens import rows
from .sitter import Sitter
from .style import Style
from .warp import coordinates

__all__ = ["Deco"]

# Night, jewel, gold, pale gold, the face's shadow.
PALETTES = (
    ("10141c", "0f4c5c", "d4a84a", "f7e3b0", "3a2436"),
    ("14110f", "5c1a2e", "d8b25a", "f8e6c0", "2e1a26"),
    ("0e1a14", "1f5a40", "cfa64a", "f4e6b8", "1e2a2a"),
    ("141228", "3a2f7a", "d9b860", "f6e8c8", "241a40"),
    ("1a1410", "a8522a", "e0c070", "fbeecb", "4a2018"),
    ("0f1216", "c9c2b4", "b8924a", "fff6e0", "3a3440"),
)


@dataclass(frozen=True, kw_only=True)
class Deco(Style):
    """Attributes: `backdrop`, its motif; `spokes` of the fan; `polish` of the metal; `cool`, the strength of the reshaping."""

    palette: tuple[str, ...]
    backdrop: str
    spokes: int
    polish: float
    line: float
    cool: float
    pitch: float

    @classmethod
    def draw(cls, rng: Generator) -> "Deco":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES)),
            backdrop=choose(rng, ("fan", "fan", "scales", "arches")),
            spokes=int(uniform(rng, 11, 20)),
            polish=uniform(rng, 0.7, 1.2),
            line=uniform(rng, 0.8, 1.2),
            cool=uniform(rng, 0.8, 1.2),
            pitch=uniform(rng, 0.1, 0.15),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Cool and sculpted: heavy lids, thin high brows, long necks, dark lips."""
        c = self.cool
        q = scaled(
            q,
            eye_size=1 + 0.18 * c,
            eye_open=1 - 0.2 * c,
            brow_width=1 - 0.3 * c,
            nose_bridge=1 + 0.35 * c,
            nose_width=1 - 0.18 * c,
            cheeks=1 - 0.25 * c,
            neck=1 - 0.1 * c,
            mouth_width=1 - 0.14 * c,
            lip_upper=1.2,
            lip_lower=1.15,
            jaw_width=1 - 0.05 * c,
            wrinkles=0.3,
            freckles=0.0,
        )
        return moved(q, brow_y=0.045 * c, brow_arch=0.035 * c, eye_tilt=0.06 * c, pitch=-0.05)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        night, _, gold, _, _ = hexes(*self.palette)
        picture = mix(self._behind(it), self._figure(it), smoothstep(it.figure, 0.4, 0.6))
        w = self.line
        pen = Pen(outer=0.009 * w, inner=0.007 * w, crease=0.7, form=0.0, feature=0.0, swell=0.4, tremor=0.0, smooth=0.006)
        leaf = self._leaf(it, rng)
        picture = mix(
            picture,
            (sheet(it.photo, gold) * leaf).clamp(0, 1),
            ink(it, pen, rng) * (1 - it.layers.eyes) * (1 - it.layers.brows),
        )
        dark = torch.stack([smoothstep(blur(it.layers.lines, 0.0018), 0.25, 0.5), it.layers.brows, eye_darks(it)]).amax(0)
        picture = mix(picture, night, 0.95 * dark)
        picture = mix(picture, (sheet(it.photo, gold) * leaf).clamp(0, 1), smoothstep(it.layers.glasses, 0.3, 0.7))
        return (picture * (1 + 0.012 * noise(rng, 200, it.side, dark))).clamp(0, 1)

    @staticmethod
    def _leaf(it: Sitter, rng: Generator) -> Tensor:
        """Uneven brightness of gold leaf."""
        return 1 + 0.16 * noise(rng, 5, it.side, it.figure) + 0.06 * noise(rng, 60, it.side, it.figure)

    def _figure(self, it: Sitter) -> Tensor:
        """Airbrushed planes: skin from shadow to pale gold, lacquered hair, cloth in the jewel's colour."""
        night, jewel, gold, pale, shade = hexes(*self.palette)
        layers = it.layers
        own = it.flat
        light = blur_inside(it.light, it.figure, 0.008)
        level = smoothstep(light, 0.06, 0.86) ** (1 / self.polish)
        skin = mix(mix(sheet(it.photo, shade), own, smoothstep(level, 0.0, 0.5)), pale, 0.62 * smoothstep(level, 0.45, 1.0))
        hair_mask = it.locks
        band = 0.5 + 0.5 * torch.sin(8.5 * level + 1.0)
        hair = mix(mix(sheet(it.photo, night), own, 0.35 + 0.35 * level), gold, 0.45 * band * level)
        hair = mix(hair, gold, 0.7 * smoothstep(strands(it), 0.12, 0.26))
        cloth = mix(mix(sheet(it.photo, night), jewel, smoothstep(level, 0.0, 0.6)), pale, 0.25 * smoothstep(level, 0.7, 1.0))
        picture = mix(mix(skin, hair, hair_mask), cloth, layers.cloth)
        lips = mix(sheet(it.photo, 0.5 * jewel + 0.5 * hexes("8a1a2a")[0]), pale, 0.3 * smoothstep(level, 0.6, 1))
        picture = mix(picture, lips, 0.85 * layers.lips * (1 - smoothstep(luma(own), 0.6, 0.8)))
        lid = smoothstep(blur(layers.eyes, 0.02), 0.1, 0.5) * (1 - layers.eyes) * layers.skin
        picture = mix(picture, jewel, 0.4 * lid)
        return mix(picture, own, layers.eyes)

    def _behind(self, it: Sitter) -> Tensor:
        night, jewel, gold, _, _ = hexes(*self.palette)
        like = it.figure
        away, _ = polar(it.side, like, (0.5, 0.62))
        if self.backdrop == "fan":
            picture = mix(sheet(it.photo, night), jewel, rays(it.side, like, (0.5, 0.62), 2 * self.spokes))
            picture = mix(picture, gold, rays(it.side, like, (0.5, 0.62), 2 * self.spokes, 0.06, 0.5 / (2 * self.spokes) * 0.5))
            for radius in (0.5, 0.53, 0.68):
                picture = mix(picture, gold, smoothstep((away - radius).abs(), 0.006, 0.004))
            return picture
        if self.backdrop == "scales":
            rings, _ = scallops(it.side, like, self.pitch, 3)
            picture = mix(sheet(it.photo, jewel), night, smoothstep(rings, 0.2, 2.6))
            return mix(picture, gold, rows(torch.full_like(rings, 0.22), rings))
        x, y = coordinates(it.side, like)
        arch = torch.where(y < 0.5, ((x - 0.5) ** 2 + (y - 0.5) ** 2).sqrt(), (x - 0.5).abs())
        picture = mix(sheet(it.photo, jewel), night, smoothstep(arch, 0.1, 0.55))
        return mix(picture, gold, rows(0.16 + 0 * arch, arch / 0.055))
