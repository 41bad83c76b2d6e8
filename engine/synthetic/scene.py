"""Intersection of rays with a portrait.

An exact distance costs hundreds of operations for each point, so it is computed only where needed. A coarse grid of distances
leads every ray close to the surface and tells which parts of the portrait it may hit there. The last steps are exact, for
those parts only. The grid also gives soft shadows.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .camera import CAMERA, Pose, crop_rays
from .chosen import Chosen, chosen
from .geometry import Point, body, mirrored, skin, skull
from .hair import beard, hair
from .parameters import Parameters
from .worn import cloth, hat

__all__ = ["BEARD", "CLOTH", "FAR", "HAIR", "HAT", "NECK", "PARTS", "SKIN", "STEP", "Scene", "Starts", "at", "chunks"]

BACK, FRONT = -1.3, 1.6  # extent of the grid in depth
NEAR, FAR = CAMERA - FRONT, CAMERA - BACK
CACHED = 16384  # points whose intermediate results fit a CPU's cache
AWAY = 4.0  # distance assigned to a part that is not computed
SKIN, BEARD, HAIR, HAT, NECK, CLOTH = range(6)
PARTS = 6
GROUPS = (slice(SKIN, BEARD + 1), slice(HAIR, HAT + 1), slice(NECK, CLOTH + 1))  # parts that are computed together
SHADOW = (0.07, 0.12, 0.18, 0.25, 0.34, 0.46, 0.64)  # distances at which the way from a point to the light is sampled
LEAST = 96  # smallest side of a crop for which a half-size pass runs first
CLOSE = (0.1, 0.04, 0.04)  # a group whose distance exceeds the smallest by more than this is skipped at a point
ARRIVED = 0.4  # in pixels: the error that one further step corrects
STEP = 0.006  # step of the finite differences for normals
CORNERS = ((1.0, -1.0, -1.0), (-1.0, -1.0, 1.0), (-1.0, 1.0, -1.0), (1.0, 1.0, 1.0))  # of a tetrahedron
BAND = 0.16  # a part whose distance exceeds the smallest by more than this is not hit


def chunks(points: Chosen) -> list[Chosen]:
    """Pieces of a size that suits the device."""
    return points.split(CACHED if points.index.device.type == "cpu" else max(len(points), 1))


@dataclass(frozen=True)
class Starts:
    """Range of each ray's march, ``[N, P]``: the nearest and the farthest possible hit; FAR for none."""

    near: Tensor
    far: Tensor

    @staticmethod
    def around(t: Tensor, margin: Tensor | float) -> "Starts":
        """Ranges from the hits of neighbours, ``[N, S * S]``, beginning `margin` earlier."""
        side = round(t.shape[1] ** 0.5)
        met = t.view(-1, 1, side, side)
        nearest, farthest = -F.max_pool2d(-met, 3, stride=1, padding=1), F.max_pool2d(met, 3, stride=1, padding=1)
        near, far = nearest.flatten(1), farthest.flatten(1)
        return Starts((near - margin).clamp_min(NEAR).where(near < FAR, FAR), (far - margin).where(far < FAR, FAR))


@dataclass(frozen=True)
class Field:
    """Distances of all parts on a grid, ``[N, PARTS, Z, Y, X]``, and the grid's corners ``[N, 1, 3]``."""

    values: Tensor
    low: Tensor
    high: Tensor

    @property
    def spacing(self) -> Tensor:  # [N, 1]
        return (self.high - self.low)[..., 0] / (self.values.shape[-1] - 1)

    def _read(self, values: Tensor, points: Tensor) -> Tensor:
        at = (points - self.low) * (2 / (self.high - self.low)) - 1
        found = F.grid_sample(values, at[:, :, None, None], padding_mode="border", align_corners=True)
        return found[..., 0, 0].transpose(1, 2)

    def parts(self, points: Tensor) -> Tensor:
        """Distances of the parts ``[N, P, PARTS]`` at points ``[N, P, 3]``."""
        return self._read(self.values, points)

    def union(self) -> "Field":
        return Field(self.values.amin(dim=1, keepdim=True), self.low, self.high)

    def distance(self, points: Tensor) -> Tensor:
        """Distance ``[N, P]`` of the union."""
        return self._read(self.values, points)[..., 0]


def _grid(quad: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Nodes ``[N, count^3 or less, 3]`` of a grid around the visible volume of a crop, and the grid's corners."""
    wide = (CAMERA - BACK) / CAMERA
    low = torch.cat([quad.amin(dim=1) * wide, torch.full_like(quad[:, 0, :1], BACK)], dim=1)[:, None]
    high = torch.cat([quad.amax(dim=1) * wide, torch.full_like(quad[:, 0, :1], FRONT)], dim=1)[:, None]
    steps = [torch.linspace(0, 1, n, device=quad.device) for n in (round(0.85 * count), count, count)]
    z, y, x = torch.meshgrid(*steps, indexing="ij")
    return low + torch.stack([x, y, z], dim=3).view(1, -1, 3) * (high - low), low, high


class Scene:
    """Distances of all parts, in the camera's frame."""

    def __init__(self, q: Parameters, quad: Tensor, side: int) -> None:
        self.q = q
        self.head, self.trunk = Pose.head(q), Pose.body(q)
        count = min(max(side // 6, 20), 42)
        nodes, low, high = _grid(quad, count)
        size = CACHED if nodes.device.type == "cpu" else nodes.shape[1]
        values = torch.cat([self.parts(part) for part in nodes.split(size, dim=1)], dim=1)
        shape = (-1, PARTS, round(0.85 * count), count, count)
        self.field = Field(values.transpose(1, 2).reshape(shape), low, high)
        self.union = self.field.union()

    def group(self, which: int, camera: Tensor) -> Tensor:
        """Distances ``[N, P, 2]`` of one of `GROUPS` at ``[N, P, 3]``."""
        if which == 2:
            b = Point(*self.trunk.to_part(camera).unbind(dim=2))
            bare, neck, trunk = body(b, self.q)
            return torch.stack([bare, cloth(b, self.q, neck, trunk)], dim=2)
        p = Point(*self.head.to_part(camera).unbind(dim=2))
        if which == 1:
            scalp = skull(p, mirrored(p), self.q)
            return torch.stack([hair(p, self.q, scalp), hat(p, self.q, scalp)], dim=2)
        face = skin(p, self.q)
        return torch.stack([face, beard(p, self.q, face)], dim=2)

    def parts(self, camera: Tensor) -> Tensor:
        """Distances to all parts, ``[N, P, PARTS]``."""
        return torch.cat([self.group(which, camera) for which in range(len(GROUPS))], dim=2)

    def wanted(self, camera: Tensor) -> list[Chosen]:
        """For each group, the points near which a ray may hit it, according to the grid."""
        found = self.field.parts(camera)
        limit = found.amin(dim=2) + BAND + self.union.spacing
        return [chosen(found[..., group].amin(dim=2) < limit) for group in GROUPS]

    def some(self, camera: Tensor, wanted: list[Chosen]) -> Tensor:
        """Like `parts`, but each group only at the points in `wanted`."""
        found = torch.full((*camera.shape[:2], PARTS), AWAY, device=camera.device)
        for which, (group, points) in enumerate(zip(GROUPS, wanted, strict=True)):
            if len(points):
                points.put(found[..., group], self.group(which, points.of(camera)))
        return found

    def starts(self, quad: Tensor, side: int) -> Starts:
        """March coarse rays through the grid."""
        coarse = 2 if side % 2 == 0 and side >= 64 else 1
        small = side // coarse
        rays, _ = crop_rays(quad, small)
        margin = 0.8 * self.union.spacing
        t = torch.full(rays.shape[:2], NEAR, device=quad.device)
        for _ in range(20):
            away = self.union.distance(at(rays, t))
            t = torch.where(away > margin, t + 0.95 * away, t).clamp_max(FAR)
        found = Starts.around(t, 0.0)
        near, far = (
            F.interpolate(x.view(-1, 1, small, small), scale_factor=coarse, mode="nearest").flatten(1)
            for x in (found.near, found.far)
        )
        return Starts(near, far)

    def meet(self, quad: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Intersect the rays through the pixels of a crop, as `walk` does, ``[N, side^2]``.

        A half-size pass runs first. Where its result is smooth, one exact distance corrects the interpolated depth. Pixels
        around which it hit nothing are empty. Only outlines and creases are marched again.
        """
        rays, pixel = crop_rays(quad, side)
        if side % 2 or side < LEAST:
            return self.walk(rays, self.starts(quad, side), pixel)
        coarse, coarse_parts = self._step(crop_rays(quad, side // 2)[0], self.starts(quad, side // 2), 2 * pixel)
        around = Starts.around(coarse, 3 * pixel)
        smooth = (_even(coarse, 24 * pixel) & ~_open(coarse_parts, coarse, 3 * pixel)).float()
        near, far, leads = (_enlarged(x, "nearest") for x in (around.near, around.far, smooth))
        close = _enlarged(coarse_parts.transpose(1, 2), "nearest").transpose(1, 2)
        guess = _enlarged(coarse, "bilinear")
        t, parts = self._step(rays, Starts(near.where(leads < 0.5, FAR), far), pixel)
        toward = -(screen_normals(at(rays, guess), side) * rays).sum(dim=2).clamp_max(-0.2)
        for piece in chunks(chosen((leads > 0.5) & (near < FAR))):
            some = piece.of(close)
            limit = some.amin(dim=2) + 2 * pixel
            wanted = [chosen(some[..., group].amin(dim=2) < limit + near) for group, near in zip(GROUPS, CLOSE, strict=True)]
            ray, late = piece.of(rays), piece.of(guess)
            found = self.some(at(ray, late), wanted)
            late, found = _landed(late, found.amin(dim=2) / piece.of(toward), found, pixel)
            piece.put(t, late)
            piece.put(parts, found)
        self._arrive(t, parts, chosen(_open(parts, t, pixel)), rays, far, pixel)
        return t, parts

    def walk(self, rays: Tensor, starts: Starts, pixel: Tensor) -> tuple[Tensor, Tensor]:
        """Distance to the surface along each ray ``[N, P]``, and distances of all parts there ``[N, P, PARTS]``.

        Most rays arrive in a few steps; only rays that graze an edge continue. Rays without a hit then restart at the farthest
        hit of their neighbours, which is the background beside an outline.
        """
        t, parts = self._step(rays, starts, pixel)
        self._arrive(t, parts, chosen(_open(parts, t, pixel)), rays, starts.far, pixel)
        return t, parts

    def _step(self, rays: Tensor, starts: Starts, pixel: Tensor) -> tuple[Tensor, Tensor]:
        """The first steps of `walk`."""
        t, parts = starts.near.clone(), torch.full((*starts.near.shape, PARTS), AWAY, device=rays.device)
        for piece in chunks(chosen(starts.near < FAR)):
            ray, near = piece.of(rays), piece.of(starts.near)
            late, found = self._secant(ray, near, None, 2, self.wanted(at(ray, near)), pixel)
            piece.put(t, late)
            piece.put(parts, found)
        return t, parts

    def _arrive(self, t: Tensor, parts: Tensor, later: Chosen, rays: Tensor, far: Tensor, pixel: Tensor) -> None:
        """Continue marching the remaining rays, in place."""
        for jump, steps in ((False, 2), (True, 3), (False, 3), (False, 4)):
            if not len(later):
                break
            late = later.of(t)
            if jump:
                missed = later.of(parts).amin(dim=2) > 1.5 * pixel
                late = torch.where(missed, torch.maximum(late, later.of(far)), late)
            late, found = self._secant(later.of(rays), late, None if jump else later.of(parts), steps, None, pixel)
            later.put(t, late)
            later.put(parts, found)
            later = chosen(_open(found, late, pixel)).within(later)

    def _secant(
        self,
        rays: Tensor,
        t: Tensor,
        found: Tensor | None,
        steps: int,
        wanted: list[Chosen] | None,
        pixel: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Secant steps along unit `rays` ``[N, P, 3]`` from `t` ``[N, P]``, and the parts' distances at the end.

        The distance to a round shape decreases ever more slowly along a ray, so steps by the last rate do not overshoot its
        surface. `found` are the distances at `t`, if known.
        """

        def parts(t: Tensor) -> Tensor:
            points = at(rays, t)
            return self.some(points, self.wanted(points) if wanted is None else wanted)

        found = parts(t) if found is None else found
        step = 0.92 * found.amin(dim=2)
        for _ in range(steps):
            before = found.amin(dim=2)
            t = (t + step).clamp_max(FAR)
            found = parts(t)
            away = found.amin(dim=2)
            step = away / ((before - away) / torch.where(step.abs() > 1e-4, step, 1e-4)).clamp(0.25, 1.2)
        return _landed(t, step, found, pixel)

    def normal(self, camera: Tensor, parts: Tensor, step: float) -> Tensor:
        """Unit normals of the nearest of `parts`, by finite differences at the corners of a tetrahedron."""
        offsets = torch.tensor(CORNERS, device=camera.device)
        slopes = torch.zeros_like(camera)
        for which, points in enumerate(self.nearest(parts)):
            if len(points):
                place = points.of(camera)
                away = [self.group(which, place + step * offset).amin(dim=2) for offset in offsets]
                points.put(slopes, torch.stack(away, dim=2) @ offsets)
        return F.normalize(slopes, dim=2)

    def normals(self, rays: Tensor, t: Tensor, parts: Tensor, pixel: Tensor) -> Tensor:
        """Unit normals ``[N, S^2, 3]`` of the pixels of a crop: from neighbouring depths where the surface is smooth,
        elsewhere from `normal`.
        """
        points = at(rays, t)
        found = screen_normals(points, round(t.shape[1] ** 0.5))
        creased = chosen(~(_even(t, 2.5 * pixel) & _straight(t, 0.25 * pixel) & _alike(parts)) & (t < FAR - 1e-3))
        for piece in chunks(creased):
            piece.put(found, self.normal(piece.of(points), piece.of(parts), STEP))
        return found

    def nearest(self, parts: Tensor) -> list[Chosen]:
        """For each group, the points where it is visible."""
        best = torch.stack([parts[..., group].amin(dim=2) for group in GROUPS], dim=2).argmin(dim=2)
        return [chosen(best == which) for which in range(len(GROUPS))]

    def openness(self, camera: Tensor, normal: Tensor) -> Tensor:
        """Ambient occlusion: 1 in the open, less in folds."""
        here = self.union.distance(camera)
        closed = torch.zeros_like(here)
        for reach, weight in ((0.07, 3.4), (0.26, 1.1)):
            closed = closed + weight * (reach - self.union.distance(camera + reach * normal) + here)
        return (1 - closed).clamp(0.12, 1)

    def sunlit(self, camera: Tensor) -> Tensor:
        """Soft shadow of the key light, from the narrowest gap on the way to it."""
        light, sharp = self.q.light, 2.2 + 3.6 * (1 - self.q.light_size)
        lit = torch.ones_like(camera[..., 0])
        for reach in SHADOW:
            # Also consider what lies near the path between two samples; otherwise a narrow nose casts a shadow with gaps.
            gap = self.union.distance(camera + reach * light[:, None]) - 0.1 * reach
            lit = torch.minimum(lit, 0.5 + sharp * gap / (reach + 0.12))
        return lit.clamp(0, 1)


def _enlarged(values: Tensor, mode: str) -> Tensor:
    """Double the resolution of square maps ``[N, P]`` or ``[N, C, P]``."""
    side = round(values.shape[-1] ** 0.5)
    corners = None if mode == "nearest" else False
    found = F.interpolate(values.reshape(len(values), -1, side, side), scale_factor=2.0, mode=mode, align_corners=corners)
    return found.flatten(2)[:, 0] if values.ndim == 2 else found.flatten(2)


def screen_normals(points: Tensor, side: int) -> Tensor:
    """Unit normals ``[N, S * S, 3]`` towards the viewer, from the points of neighbouring pixels."""
    grid = F.pad(points.transpose(1, 2).unflatten(2, (side, side)), (1, 1, 1, 1), mode="replicate")
    across, down = grid[:, :, 1:-1, 2:] - grid[:, :, 1:-1, :-2], grid[:, :, 2:, 1:-1] - grid[:, :, :-2, 1:-1]
    return F.normalize(torch.linalg.cross(down, across, dim=1), dim=1).flatten(2).transpose(1, 2)


def _range(values: Tensor) -> tuple[Tensor, Tensor]:
    """Minimum and maximum over each pixel and its neighbours, ``[N, S^2]``."""
    side = round(values.shape[1] ** 0.5)
    square = values.view(-1, 1, side, side)
    return -F.max_pool2d(-square, 3, 1, 1).flatten(1), F.max_pool2d(square, 3, 1, 1).flatten(1)


def _even(t: Tensor, limit: Tensor) -> Tensor:
    """Mask ``[N, S^2]`` of pixels whose neighbourhood has depths within `limit` and no background."""
    least, most = _range(t)
    return (most - least < limit) & (most < FAR - 1e-3)


def _straight(t: Tensor, limit: Tensor) -> Tensor:
    """Mask ``[N, S^2]`` of pixels whose depth is within `limit` of the mean of their neighbours."""
    side = round(t.shape[1] ** 0.5)
    square = F.pad(t.view(-1, 1, side, side), (1, 1, 1, 1), mode="replicate")
    middle = square[..., 1:-1, 1:-1]
    across = (0.5 * (square[..., 1:-1, 2:] + square[..., 1:-1, :-2]) - middle).abs()
    down = (0.5 * (square[..., 2:, 1:-1] + square[..., :-2, 1:-1]) - middle).abs()
    return torch.maximum(across, down).flatten(1) < limit


def _alike(parts: Tensor) -> Tensor:
    """Mask ``[N, S^2]`` of pixels whose neighbourhood shows one part only."""
    least, most = _range(parts.argmin(dim=2).float())
    return least == most


def _landed(t: Tensor, step: Tensor, parts: Tensor, pixel: Tensor) -> tuple[Tensor, Tensor]:
    """Apply a small last step without computing distances again: all of them change by the same amount."""
    away = parts.amin(dim=2)
    away = torch.where((away.abs() < ARRIVED * pixel) & (step.abs() < 0.6 * pixel), away, 0)
    return t + torch.where(away != 0, step, 0), parts - away[..., None]


def _open(parts: Tensor, t: Tensor, pixel: Tensor) -> Tensor:
    """Mask ``[N, P]`` of rays that have not arrived."""
    return (parts.amin(dim=2).abs() > ARRIVED * pixel) & (t < FAR)


def at(rays: Tensor, t: Tensor) -> Tensor:
    """Points ``[N, P, 3]`` at distances `t` along rays from the camera."""
    return torch.tensor([0.0, 0.0, CAMERA], device=t.device) + rays * t[..., None]
