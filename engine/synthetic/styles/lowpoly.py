"""Low poly: a face of flat triangles, smaller ones at important details."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import Delaunay
from torch import Generator, Tensor

from ..parameters import Parameters
from .blur import blur, slope, smoothstep
from .chance import choose, uniform
from .color import from_oklab, hexes, mix, saturate, sheet, to_oklab
from .palettes import tuned
from .proportions import moved, scaled
from .sitter import Sitter
from .style import Style
from .warp import coordinates

__all__ = ["LowPoly"]

# Gradient of the background, the light, the shadow.
PALETTES = (
    ("2b5876", "8a4f9e", "ffe0b8", "2a2a6a"),
    ("f6a66a", "d6486a", "fff0d0", "6a2a5a"),
    ("1f7a7a", "a8d88a", "fff6d0", "1a3a5a"),
    ("efd9b0", "7ab0b8", "fffaf0", "4a4a7a"),
    ("3a2a5a", "e06a8a", "ffd8c8", "2a1a4a"),
    ("86b8e8", "f0e0d0", "ffffff", "3a4a8a"),
)


@dataclass(frozen=True, kw_only=True)
class LowPoly(Style):
    """Attributes: `coarse`, the distance of vertices in sides; `fold`, the contrast between facets; `faceted`, of the
    geometry.
    """

    palette: tuple[str, ...]
    coarse: float
    fold: float
    vivid: float
    faceted: float
    turn: float

    @classmethod
    def draw(cls, rng: Generator) -> "LowPoly":
        return cls(
            palette=tuned(rng, choose(rng, PALETTES), 0.05),
            coarse=uniform(rng, 0.06, 0.09),
            fold=uniform(rng, 0.02, 0.045),
            vivid=uniform(rng, 1.2, 1.6),
            faceted=uniform(rng, 0.7, 1.2),
            turn=uniform(rng, 0, 1),
        )

    def reshape(self, q: Parameters) -> Parameters:
        """Angular: hollow cheeks, a sharp nose and chin, large eyes."""
        f = self.faceted
        q = scaled(
            q,
            cheeks=1 - 0.4 * f,
            nose_bridge=1 + 0.5 * f,
            nose_width=1 - 0.12 * f,
            jaw_width=1 - 0.06 * f,
            chin_length=1 + 0.04 * f,
            eye_size=1 + 0.3 * f,
            brow_width=1 + 0.4 * f,
            wrinkles=0.0,
            freckles=0.0,
        )
        return moved(q, brow_y=0.04 * f, eye_tilt=0.05 * f, brow_tilt=0.15 * f)

    def paint(self, it: Sitter, rng: Generator) -> Tensor:
        wanted = self._colors(it)
        corners = self._corners(it, rng)
        facet = self._facets(corners, it.side).to(wanted.device)
        count = int(facet.max()) + 1
        size = torch.zeros(count, device=wanted.device).index_add(
            0, facet.flatten(), torch.ones(facet.numel(), device=wanted.device)
        )
        total = torch.zeros(count, 3, device=wanted.device).index_add(0, facet.flatten(), wanted[0].flatten(1).T)
        lab = to_oklab((total / size.clamp_min(1)[:, None]).T[None, :, None])
        lab[:, 0] += self.fold * torch.randn(count, generator=rng).to(lab)
        picture = from_oklab(torch.cat([lab[:, :1], self.vivid * lab[:, 1:]], dim=1))[0, :, 0][:, facet][None]
        return self._eyed(it, picture)

    def _colors(self, it: Sitter) -> Tensor:
        first, last, bright, dark = hexes(*self.palette)
        x, y = coordinates(it.side, it.figure)
        across = x if self.turn < 0.5 else 1 - x
        behind = mix(sheet(it.photo, first), last, smoothstep(0.6 * across + 0.6 * y, 0.15, 1.05))
        light = it.light
        figure = mix(mix(it.flat, it.photo, 0.35), dark, 0.55 * smoothstep(light, 0.55, 0.08))
        figure = mix(figure, bright, 0.35 * smoothstep(light, 0.55, 0.95))
        return mix(behind, figure, (it.figure > 0.5).float())

    def _corners(self, it: Sitter, rng: Generator) -> npt.NDArray[np.float64]:
        """Vertices ``[K, 2]`` in sides: a jittered grid, outlines, landmarks, the image's frame."""
        grid = round(1 / self.coarse)
        steps = (torch.arange(-1, grid + 1) + 0.5) / grid
        loose = torch.cartesian_prod(steps, steps) + (0.75 / grid) * (torch.rand((grid + 2) ** 2, 2, generator=rng) - 0.5)
        hair = it.locks
        rims = [self._along(mask, 0.45 * self.coarse, rng) for mask in (it.figure, hair, it.layers.cloth)]
        marks = it.landmarks.cpu()
        frame = torch.tensor([[-0.1, -0.1], [1.1, -0.1], [-0.1, 1.1], [1.1, 1.1]])
        fixed = torch.cat([*rims, marks, frame])
        apart = torch.cdist(loose, fixed).amin(dim=1)
        return torch.cat([loose[apart > 0.4 * self.coarse], fixed]).double().numpy()

    @staticmethod
    def _along(mask: Tensor, apart: float, rng: Generator) -> Tensor:
        """Points on the edge of a mask, one in each crossed box of width `apart`, ``[K, 2]``."""
        soft = blur(mask, 0.004)
        on = ((soft - 0.5).abs() < 0.5 / soft.shape[-1] * slope(soft)) & (slope(soft) > 10)
        found = on[0, 0].nonzero().flip(1).cpu()
        if not len(found):
            return torch.zeros(0, 2)
        found = (found[torch.randperm(len(found), generator=rng)] + 0.5) / mask.shape[-1]
        box = (found / apart).long()
        order = torch.unique(box[:, 0] * 1000 + box[:, 1], return_inverse=True)[1]
        first = torch.full((int(order.max()) + 1,), len(found)).scatter_reduce(0, order, torch.arange(len(found)), "amin")
        return found[first]

    @staticmethod
    def _facets(corners: npt.NDArray[np.float64], side: int) -> Tensor:
        """Index of the triangle at each pixel ``[S, S]``."""
        steps = (np.arange(side) + 0.5) / side
        x, y = np.meshgrid(steps, steps)
        found = Delaunay(corners).find_simplex(np.stack([x, y], axis=2))
        return torch.from_numpy(found.astype(np.int64)).clamp_min(0)

    def _eyed(self, it: Sitter, picture: Tensor) -> Tensor:
        """Draw eyes, brows and mouth line as polygons of their own colour, so that they stay legible."""
        crisp = mix(picture, saturate(it.flat, 1.3), 0.9 * smoothstep(it.layers.eyes, 0.4, 0.6))
        crisp = mix(
            crisp,
            0.35 * hexes(self.palette[3])[0],
            0.85 * torch.maximum(smoothstep(blur(it.layers.lines, 0.0015), 0.3, 0.5), smoothstep(it.layers.brows, 0.4, 0.6)),
        )
        crisp = mix(crisp, saturate(it.flat, 1.4), 0.55 * smoothstep(it.layers.lips, 0.4, 0.6))
        return mix(crisp, it.flat, smoothstep(it.layers.glasses, 0.4, 0.6))
