"""Neon signs at night: glass tubes that outline a face, and their light on a dark wall."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, smoothstep
from .chance import choose, uniform
from .color import hexes, mix, screen, sheet
from .edges import creases, nib, outline, strands
from .ink import eye_darks
from .noise import fractal, noise
from .palettes import tuned
from .proportions import moved, scaled
from .sitter import Sitter
from .style import Style
from .warp import coordinates, tremble, warp

__all__ = ["Neon"]

# Tubes of the outline, hair, features, lips; then the wall.
PALETTES = (
    ("ff2fa0", "22d3ff", "fff06a", "ff4060", "1a1230"),
    ("20f0c0", "b050ff", "60d0ff", "ff60c0", "0c1626"),
    ("ff8a2a", "ff3f7f", "ffe08a", "ff3f4f", "1c0f1c"),
    ("4a7bff", "ff4fd8", "7affea", "ff5f9f", "0b0f24"),
    ("9dff4a", "2ad8ff", "f8ff9a", "ff5fb0", "0a1a18"),
    ("ff5f5f", "ffd04a", "ffffff", "ff2f4f", "1a0c10"),
)


@dataclass(frozen=True, kw_only=True)
class Neon(Style):
    """Attributes: `tube`, its width; `glow` around it; `wall`, its kind; `body`, the light on the figure; `shape`, the
    strength of the reshaping.
    """

    palette: tuple[str, ...]
    tube: float
    glow: float
    wall: str
    body: float
    flicker: float
    bricks: float
    shape: float

    @classmethod
    def draw(cls, rng: Generator) -> "Neon":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            tube=uniform(rng, 0.009, 0.014),
            glow=uniform(rng, 0.8, 1.3),
            wall=choose(rng, ("bricks", "bricks", "tiles", "night")),
            body=uniform(rng, 0.1, 0.4),
            flicker=uniform(rng, 0.0, 0.25),
            bricks=uniform(rng, 0.055, 0.085),
            shape=uniform(rng, 0.75, 1.4),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Simple shapes: large eyes, a minimal nose, a wide mouth."""
        q = scaled(
            q,
            self.shape,
            eye_size=1.36,
            eye_x=1.04,
            nose_width=0.78,
            nose_length=0.94,
            mouth_width=1.06,
            lip_upper=1.2,
            lip_lower=1.15,
            jaw_width=0.93,
            brow_width=0.9,
            wrinkles=0.0,
        )
        return moved(q, self.shape, brow_y=0.055, eye_tilt=0.05)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        colors = hexes(*self.palette)
        tubes = self._tubes(it, rng)
        light = torch.zeros_like(it.photo)
        core = torch.zeros_like(it.figure)
        for tube, color in zip(tubes, colors[:4], strict=True):
            light = light + sheet(it.photo, color) * tube
            core = torch.maximum(core, tube)
        halo = sum(weight * blur(light, size) for size, weight in ((0.006, 0.5), (0.02, 0.8), (0.06, 1.3), (0.17, 2.2)))
        assert isinstance(halo, Tensor)
        wall = self._wall(it, rng, colors[4]) * (0.9 + 9 * self.glow * halo)
        figure = self._figure(it, colors[4]) * (0.8 + 5 * self.glow * halo)
        picture = mix(wall, figure, smoothstep(it.figure, 0.3, 0.7)).clamp(0, 1)
        picture = screen(picture, (0.5 * self.glow * halo).clamp(0, 1))
        picture = screen(picture, light.clamp(0, 1) * 0.95)
        return mix(picture, torch.ones(3), 0.7 * smoothstep(blur(core, 0.0022), 0.72, 1.0))

    def _tubes(self, it: Sitter, rng: Generator) -> list[Tensor]:
        """Tubes ``[1, 1, S, S]`` of the outline, hair, features and lips."""
        layers, w = it.layers, self.tube
        hair = it.locks
        skin = torch.maximum(
            nib(outline(it.figure, 0.006), w) * (1 - smoothstep(blur(hair, 0.008), 0.12, 0.25)),
            smoothstep(creases(it, 0.009), 0.5, 0.7) * layers.skin,
        )
        locks = torch.maximum(
            nib(outline(hair, 0.005), w) * smoothstep(blur(hair, 0.012), 0.1, 0.3), 0.5 * smoothstep(strands(it), 0.2, 0.36)
        )
        lids = smoothstep(blur(layers.lines, 0.0022), 0.2, 0.42)
        nose = 0 * lids
        features = torch.stack(
            [
                lids,
                nose,
                nib(outline(eye_darks(it), 0.003), 0.7 * w) * smoothstep(blur(layers.eyes, 0.004), 0.3, 0.6),
                smoothstep(blur(it.layers.brows, 0.003), 0.3, 0.5),
                nib(outline(layers.glasses, 0.002), 0.6 * w),
            ]
        ).amax(0)
        lips = nib(outline(layers.lips, 0.003), 0.8 * w) * smoothstep(blur(layers.lips, 0.006), 0.1, 0.3)
        collar = nib(outline(layers.cloth, 0.005), w) * smoothstep(blur(layers.cloth, 0.012), 0.1, 0.3)
        dead = 1 - self.flicker * smoothstep(noise(rng, 6, it.side, lids), 0.9, 1.4)
        hand = tremble(rng, lids, 0.0012, 8)
        return [
            warp(x * dead, hand)
            for x in (
                skin * (1 - smoothstep(blur(layers.cloth, 0.01), 0.1, 0.3)),
                torch.maximum(locks, collar),
                features * (1 - smoothstep(lips, 0, 0.5)),
                lips,
            )
        ]

    def _figure(self, it: Sitter, wall: Tensor) -> Tensor:
        """The faintly visible face."""
        return mix(sheet(it.photo, 0.35 * wall), it.photo * 0.5, self.body * (0.3 + 0.7 * it.light))

    def _wall(self, it: Sitter, rng: Generator, color: Tensor) -> Tensor:
        like = it.figure
        rough = 1 + 0.12 * fractal(rng, 20, it.side, like) + 0.05 * noise(rng, 150, it.side, like)
        plain = sheet(it.photo, color) * rough
        if self.wall == "night":
            return plain
        x, y = coordinates(it.side, like)
        high = self.bricks
        wide = 2.4 * high if self.wall == "bricks" else high
        row = (y / high).floor()
        column = x / wide + (0.5 * (row % 2) if self.wall == "bricks" else 0)
        joint = torch.minimum((0.5 - (y / high % 1 - 0.5).abs()) * high, (0.5 - (column % 1 - 0.5).abs()) * wide)
        own = ((row * 12.9 + column.floor() * 78.2).sin() * 437.5) % 1
        return plain * (0.75 + 0.5 * own) * (0.35 + 0.65 * smoothstep(joint, 0.002, 0.007)) * 1.5
