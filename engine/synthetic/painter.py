"""Paints synthetic portraits: walks rays to the shapes, paints and lights what they meet.

    parameters -> landmarks -> FFHQ's crop -> rays -> depth -> normals -> colour and light -> picture

Everything is batched over portraits and points, without data-dependent control flow, so it runs alike
on a CPU and a GPU.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .backgrounds import background
from .camera import CAMERA, Pose, crop_rays, ffhq_quad
from .geometry import Point, body, skin
from .hair import beard, hair, hair_color, sheen
from .landmarks import project_landmarks
from .light import filmic, gloss, illuminate
from .parameters import Attributes, Parameters, attributes
from .texture import over, paint_skin
from .worn import cloth, cloth_color, glasses

__all__ = ["Layers", "Portraits", "backdrop", "paint", "to_srgb"]

NEAR = CAMERA - 1.75
FAR = CAMERA + 1.2
CACHED = 16384  # points whose intermediate results stay in a processor's cache
COARSE = 4  # the first walk is done on a grid this many times coarser
SKIN, HAIR, BEARD, NECK, CLOTH = range(5)
CHANNELS = {
    "shade": 1,
    "normal": 3,
    "depth": 1,
    "flow": 2,
    "skin": 1,
    "hair": 1,
    "cloth": 1,
    "eyes": 1,
    "lips": 1,
    "lines": 1,
    "brows": 1,
    "mouth": 1,
    "teeth": 1,
}


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What a painted style works from: the portrait before it became a photograph.

    All ``[N, C, H, W]`` at the picture's resolution; masks run from 0 to 1 and are soft at edges.
    """

    color: Tensor  # unlit, linear RGB
    shade: Tensor  # light received, 1 channel, about 0 to 1
    normal: Tensor  # towards the camera z > 0; 0 in the background
    depth: Tensor  # towards the viewer, head units; background 0
    flow: Tensor  # direction of hair and of the surface in the picture plane, 2 channels (x right, y down)
    skin: Tensor  # face, neck, ears
    hair: Tensor  # beard and brows included
    cloth: Tensor
    eyes: Tensor
    lips: Tensor
    lines: Tensor  # lash lines, lid creases, mouth line, folds
    brows: Tensor
    mouth: Tensor  # inside of an open mouth, teeth included
    teeth: Tensor
    glasses: Tensor


@dataclass(frozen=True, kw_only=True)
class Portraits:
    """N painted portraits.

    Attributes:
        images: ``[N, 3, H, W]`` sRGB in [-1, 1], aligned as FFHQ is.
        landmarks: ``[N, 68, 2]`` x, y in pixel-index coordinates (the first pixel's centre is 0, 0).
        attributes: labels.
        layers: what the pictures are made of.
    """

    images: Tensor
    landmarks: Tensor
    attributes: Attributes
    layers: Layers


def to_srgb(linear: Tensor) -> Tensor:
    """Linear light in [0, 1] to sRGB in [0, 1]."""
    x = linear.clamp(0, 1)
    return torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clamp_min(1e-6) ** (1 / 2.4) - 0.055)


@torch.no_grad()
def paint(q: Parameters, resolution: int, *, supersample: int = 2) -> Portraits:
    """Paint portraits.

    Args:
        q: what they show.
        resolution: side in pixels.
        supersample: rays along each side of a pixel that lies on an edge.
    """
    flat = project_landmarks(q)
    quad = ffhq_quad(flat)
    painted = [_paint_one(q[n : n + 1], quad[n : n + 1], resolution, supersample) for n in range(len(q))]
    layers = {name: torch.cat([layers[name] for layers in painted]) for name in painted[0]}
    return Portraits(
        images=layers.pop("image") * 2 - 1,
        landmarks=_to_pixels(flat, quad, resolution),
        attributes=attributes(q),
        layers=Layers(**layers),
    )


def _to_pixels(points: Tensor, quad: Tensor, resolution: int) -> Tensor:
    """Picture plane to pixel indices of the crop."""
    corner, down, across = quad[:, :1], quad[:, 1:2] - quad[:, :1], quad[:, 3:] - quad[:, :1]
    offset = points - corner
    u = (offset * across).sum(dim=2) / across.square().sum(dim=2)
    v = (offset * down).sum(dim=2) / down.square().sum(dim=2)
    return torch.stack([u, v], dim=2) * resolution - 0.5


@dataclass(frozen=True)
class _Scene:
    """Distances of everything, along rays."""

    q: Parameters
    head: Pose
    trunk: Pose

    def parts(self, camera: Tensor) -> Tensor:
        """Distance to each part, ``[N, P, 5]``, for points ``[N, P, 3]`` in the camera's frame."""
        p = Point(*self.head.to_part(camera).unbind(dim=2))
        b = Point(*self.trunk.to_part(camera).unbind(dim=2))
        face = skin(p, self.q)
        bare, neck, trunk = body(b, self.q)
        return torch.stack([face, hair(p, self.q), beard(p, self.q, face), bare, cloth(b, self.q, neck, trunk)], dim=2)

    def distance(self, camera: Tensor) -> Tensor:
        return self.parts(camera).amin(dim=2)

    def away(self, rays: Tensor, t: Tensor) -> Tensor:
        """Distance to the surface from the points at `t` along `rays`."""
        return self.distance(torch.tensor([0.0, 0.0, CAMERA], device=t.device) + rays * t[..., None])

    def walk(self, rays: Tensor, t: Tensor, steps: int) -> Tensor:
        """Advance `t` ``[N, P]`` along unit `rays` ``[N, P, 3]`` until the surface."""
        for _ in range(steps):
            t = (t + 0.92 * self.away(rays, t)).clamp_max(FAR)
        return t

    def normal(self, camera: Tensor, here: Tensor, step: float) -> Tensor:
        """Unit normals by differences from the distance `here`."""
        offsets = torch.eye(3, device=camera.device) * step
        return F.normalize(torch.stack([self.distance(camera + offset) - here for offset in offsets], dim=2), dim=2)

    def openness(self, camera: Tensor, normal: Tensor) -> Tensor:
        """1 in the open, less in folds: how far away the surface's surroundings are."""
        closed = sum(weight * (reach - self.distance(camera + reach * normal)) for reach, weight in ((0.07, 3.4), (0.26, 1.1)))
        return (1 - closed).clamp(0.12, 1)  # type: ignore[union-attr]

    def sunlit(self, camera: Tensor) -> Tensor:
        """Shadow as soft as the key light is large: the narrowest gap on the way to it."""
        light, sharp = self.q.light, 2.2 + 3.6 * (1 - self.q.light_size)
        lit = torch.ones_like(camera[..., 0])
        for reach in (0.07, 0.14, 0.24, 0.4, 0.68):
            lit = torch.minimum(lit, 0.5 + sharp * self.distance(camera + reach * light[:, None]) / (reach + 0.12))
        return lit.clamp(0, 1)


def _paint_one(q: Parameters, quad: Tensor, side: int, supersample: int) -> dict[str, Tensor]:
    """Picture and layers of one portrait, ``[1, C, side, side]``.

    One ray a pixel, and more only where a pixel lies on an edge: what is painted on the shapes is smooth already.
    """
    scene = _Scene(q, Pose.head(q), Pose.body(q))
    rays, pixel = crop_rays(quad, side)
    starts = _starts(scene, quad, side)
    layers = _look(scene, rays, starts, pixel, _plane(side, quad.device))
    if supersample > 1:
        edges = _edges(layers, side).nonzero()[:, 0]
        _refine(scene, layers, edges, starts, (quad, side, supersample))
    return {name: values.transpose(1, 2).unflatten(2, (side, side)) for name, values in layers.items()}


def _refine(
    scene: _Scene, layers: dict[str, Tensor], edges: Tensor, starts: tuple[Tensor, Tensor], grid: tuple[Tensor, int, int]
) -> None:
    """Replace the pixels `edges` by the mean of several rays through each."""
    quad, side, fine = grid
    rays, pixel = crop_rays(quad, side * fine)
    row, column = edges // side, edges % side
    step = torch.arange(fine, device=edges.device)
    rows = (row[:, None, None] * fine + step[:, None]).expand(-1, -1, fine)
    columns = (column[:, None, None] * fine + step).expand(-1, fine, -1)
    index = (rows * side * fine + columns).flatten()
    whole = [start[:, edges].repeat_interleave(fine * fine, dim=1) for start in starts]
    plane = tuple(axis[:, index] for axis in _plane(side * fine, quad.device))
    found = _look(scene, rays[:, index], (whole[0], whole[1]), pixel, (plane[0], plane[1]))
    for name, values in found.items():
        layers[name][:, edges] = values.unflatten(1, (-1, fine * fine)).mean(dim=2)


@torch.no_grad()
def backdrop(q: Parameters, resolution: int) -> Tensor:
    """What is behind each portrait, ``[N, 3, H, W]`` sRGB in [-1, 1]: tells which pixels of a picture are background."""
    linear = background(q, *_plane(resolution, q.age.device))
    image: Tensor = to_srgb(filmic(linear)).transpose(1, 2).unflatten(2, (resolution, resolution))
    return image * 2 - 1


def _edges(layers: dict[str, Tensor], side: int) -> Tensor:
    """Pixels ``[P]`` whose neighbours belong to something else, lie far behind, or turn away."""
    keys = [layers[name] for name in ("skin", "hair", "cloth", "glasses")]
    map_ = torch.cat([*keys, 3 * layers["depth"], 0.6 * layers["normal"]], dim=2).transpose(1, 2).unflatten(2, (side, side))
    change = torch.zeros_like(map_[:, :1])
    for axis in (2, 3):
        step = map_.diff(dim=axis).abs().amax(dim=1, keepdim=True)
        pad = [0, 0, 0, 1] if axis == 2 else [0, 1]
        change = torch.maximum(
            change,
            torch.maximum(F.pad(step, pad), F.pad(step, [p for pair in zip(pad[1::2], pad[::2], strict=True) for p in pair])),
        )
    return change.flatten() > 0.2


def _look(
    scene: _Scene, rays: Tensor, starts: tuple[Tensor, Tensor], pixel: Tensor, plane: tuple[Tensor, Tensor]
) -> dict[str, Tensor]:
    """What each ray ``[1, P, 3]`` sees: picture and layers ``[1, P, C]``."""
    q = scene.q
    t = _depth(scene, rays, starts, pixel)
    seen = (t[0] < FAR - 1e-3).nonzero()[:, 0]
    backdrop = background(q, *plane)
    frame = glasses(q, scene.head, t, rays, pixel) if q.glasses.any() else torch.zeros_like(t)
    layers = {name: torch.zeros(1, t.shape[1], channels, device=t.device) for name, channels in CHANNELS.items()}
    layers["image"], layers["color"] = backdrop.clone(), backdrop.clone()
    for part in seen.split(CACHED if t.device.type == "cpu" else t.shape[1]):
        points = torch.tensor([0.0, 0.0, CAMERA], device=t.device) + rays[:, part] * t[:, part, None]
        for name, values in _light(scene, points, rays[:, part], pixel).items():
            layers[name][:, part] = values
    _wear(layers, frame, q)
    layers["image"] = to_srgb(filmic(layers["image"]))
    return layers


def _plane(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y from -1 to 1 across the crop, ``[1, P]``."""
    steps = (torch.arange(side, device=device) + 0.5) * (2 / side) - 1
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return x.reshape(1, -1), y.reshape(1, -1)


def _starts(scene: _Scene, quad: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Walk on a coarse grid; from that, the nearest and the farthest that each fine ray may meet, ``[1, P]``."""
    small = side // COARSE
    rays, _ = crop_rays(quad, small)
    met = scene.walk(rays, torch.full((1, small * small), NEAR, device=quad.device), 26).view(1, 1, small, small)
    farthest = F.max_pool2d(met, 3, stride=1, padding=1)
    starts = -F.max_pool2d(-met, 3, stride=1, padding=1) - 0.04, torch.where(farthest < FAR, farthest - 0.04, FAR)
    near, far = (F.interpolate(start, scale_factor=COARSE, mode="nearest").view(1, -1) for start in starts)
    return near.clamp_min(NEAR), far


def _depth(scene: _Scene, rays: Tensor, starts: tuple[Tensor, Tensor], pixel: Tensor) -> Tensor:
    """Distance to the surface along each ray ``[1, P]``.

    Most rays arrive in a few steps; those that graze an edge crawl along it, and only they go on. What has
    still met nothing continues from the farthest that its neighbours met: beside the outline, the background.
    """
    near, far = starts
    t = near.clone()
    for part in (t[0] < FAR - 1e-3).nonzero()[:, 0].split(CACHED if t.device.type == "cpu" else t.shape[1]):
        t[:, part] = scene.walk(rays[:, part], near[:, part], 4)
        crawling = part[scene.away(rays[:, part], t[:, part])[0] > 0.25 * pixel[0]]
        if len(crawling):
            ray = rays[:, crawling]
            late = scene.walk(ray, t[:, crawling], 15)
            late = torch.where(scene.away(ray, late) > 1.5 * pixel, torch.maximum(late, far[:, crawling]), late)
            t[:, crawling] = scene.walk(ray, late, 6)
    return t


def _light(scene: _Scene, points: Tensor, rays: Tensor, pixel: Tensor) -> dict[str, Tensor]:
    """Colour and light of surface points ``[1, P, 3]``: linear picture and layers ``[1, P, C]``."""
    q = scene.q
    parts = scene.parts(points)
    weights = torch.softmax(-parts / (0.6 * pixel[..., None] + 0.004), dim=2)
    normal = scene.normal(points, parts.amin(dim=2), 0.01)
    p, b = Point(*scene.head.to_part(points).unbind(dim=2)), Point(*scene.trunk.to_part(points).unbind(dim=2))
    face = paint_skin(p, scene.head.turn_to_part(normal), scene.head.turn_to_part(q.light[:, None])[:, 0], q, pixel)
    strands, flow = hair_color(p, q)
    hairy = weights[..., HAIR] + weights[..., BEARD]
    skinny = weights[..., SKIN] + weights[..., NECK]
    color = face.color * skinny[..., None] + strands * hairy[..., None] + cloth_color(b, q) * weights[..., CLOTH, None]
    lit = F.normalize(over(normal, scene.head.turn_to_camera(face.normal), weights[..., SKIN]), dim=2)
    flow = scene.head.turn_to_camera(flow)
    sunlit, open_ = scene.sunlit(points + 0.02 * normal), scene.openness(points, normal)
    light, shade = illuminate(q, lit, rays, sunlit, open_, skinny * (1 - face.eyes))
    key = q.light_color[:, None]
    shine = sheen(flow, normal, rays, q.light) * hairy
    linear = color * light + 0.05 * shine[..., None] * (0.35 + 2.2 * color) * key
    glossy = face.gloss * skinny + 0.02 * weights[..., CLOTH]
    wet = face.light * weights[..., SKIN, None]
    linear = linear + (gloss(lit, rays, q.light, face.sharp, glossy) * shade)[..., None] * key + wet * key
    return {
        "image": linear,
        "color": color,
        "shade": shade[..., None],
        "normal": normal,
        "depth": points[..., 2:] + 2,
        "flow": _picture_flow(flow, normal, hairy),
        "skin": skinny[..., None],
        "hair": torch.maximum(hairy, face.brows * weights[..., SKIN])[..., None],
        "cloth": weights[..., CLOTH, None],
        "eyes": (face.eyes * weights[..., SKIN])[..., None],
        "lips": (face.lips * weights[..., SKIN])[..., None],
        "lines": (face.lines * weights[..., SKIN])[..., None],
        "brows": (face.brows * weights[..., SKIN])[..., None],
        "mouth": (face.mouth * weights[..., SKIN])[..., None],
        "teeth": (face.teeth * weights[..., SKIN])[..., None],
    }


def _wear(layers: dict[str, Tensor], frame: Tensor, q: Parameters) -> None:
    """Put the glasses over everything."""
    for name in ("skin", "hair", "cloth", "eyes", "lips", "lines", "brows", "mouth", "teeth"):
        layers[name] *= 1 - frame[..., None]
    layers["image"] = over(layers["image"], q.frame * 0.9 + 0.05, frame)
    layers["color"] = over(layers["color"], q.frame, frame)
    layers["glasses"] = frame[..., None]


def _picture_flow(flow: Tensor, normal: Tensor, hairy: Tensor) -> Tensor:
    """Strands where there is hair, else across the slope: the way a brush follows a form."""
    strands = torch.stack([flow[..., 0], -flow[..., 1]], dim=2)
    form = torch.stack([-normal[..., 1], -normal[..., 0]], dim=2)
    return F.normalize(hairy[..., None] * strands + (1 - hairy[..., None]) * form, dim=2)
