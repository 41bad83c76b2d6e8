"""Renders synthetic portraits: marches rays to the shapes, and textures and lights the surface points.

    parameters -> landmarks -> FFHQ's crop -> rays -> depth -> normals -> colour and light -> image

Everything is batched over portraits and points and runs on a CPU or a GPU. Only the numbers of points depend on the visible
shapes.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .attributes import Attributes, attributes
from .backgrounds import background
from .camera import crop_rays, ffhq_quad
from .chosen import Chosen, chosen
from .coordinates import ramp
from .flyaway import flyaway
from .geometry import Point
from .hair import beard_mask
from .landmarks import project_landmarks
from .light import filmic, gloss, illuminate
from .parameters import Parameters
from .scene import BEARD, CLOTH, FAR, HAIR, HAT, NECK, SKIN, STEP, Scene, Starts, at, chunks
from .strands import Strands, coverage, fray, sheen, strands
from .texture import Surface, over, paint_skin
from .worn import Glasses, cloth_color, earrings, glasses, hat_color

__all__ = ["Layers", "Portraits", "paint", "to_srgb"]

TOGETHER = {"cpu": 4, "cuda": 32}  # portraits per batch: fewer cost more calls, more exceed the cache
CLOTH_SHARP = 8.0  # exponent of the highlight on cloth
CHANNELS = {
    "shade": 1,
    "normal": 3,
    "depth": 1,
    "flow": 2,
    "skin": 1,
    "hair": 1,
    "cloth": 1,
    "hat": 1,
    "glasses": 1,
    "eyes": 1,
    "lips": 1,
    "lines": 1,
    "brows": 1,
    "mouth": 1,
    "teeth": 1,
}


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The inputs of painted styles: components of the portrait before they are combined to a photo.

    All ``[N, C, H, W]`` at the image's resolution; masks are in [0, 1] and soft at edges.
    """

    color: Tensor  # unlit, linear RGB
    shade: Tensor  # light received, 1 channel, about 0 to 1
    normal: Tensor  # towards the camera z > 0; 0 in the background
    depth: Tensor  # towards the viewer, head units; background 0
    flow: Tensor  # direction of hair and of the surface in the image plane, 2 channels (x right, y down)
    skin: Tensor  # face, neck, ears
    hair: Tensor  # including beard and brows
    cloth: Tensor  # clothes, hat and head scarf
    hat: Tensor  # the part of the cloth that is worn on the head
    eyes: Tensor
    lips: Tensor
    lines: Tensor  # lash lines, lid creases, mouth line, folds
    brows: Tensor
    mouth: Tensor  # inside of an open mouth, teeth included
    teeth: Tensor
    glasses: Tensor  # frames, and the opacity of the lenses


@dataclass(frozen=True, kw_only=True)
class Portraits:
    """N rendered portraits.

    Attributes:
        images: ``[N, 3, H, W]`` sRGB in [-1, 1], with FFHQ's alignment.
        landmarks: ``[N, 68, 2]`` x, y in pixel indices (the centre of the first pixel is (0, 0)).
        attributes: labels.
        layers: the components of the images.
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
def paint(q: Parameters, resolution: int, *, smooth_edges: bool = True) -> Portraits:
    """Render portraits.

    Args:
        q: parameters of the portraits.
        resolution: side in pixels.
        smooth_edges: antialias pixels on edges with further rays.
    """
    flat = project_landmarks(q)
    quad = ffhq_quad(flat)
    size = TOGETHER.get(quad.device.type, 1)
    painted = [_paint_some(q[n : n + size], quad[n : n + size], resolution, smooth_edges) for n in range(0, len(q), size)]
    layers = {name: torch.cat([layers[name] for layers in painted]) for name in painted[0]}
    return Portraits(
        images=layers.pop("image") * 2 - 1,
        landmarks=_to_pixels(flat, quad, resolution),
        attributes=attributes(q),
        layers=Layers(**layers),
    )


def _to_pixels(points: Tensor, quad: Tensor, resolution: int) -> Tensor:
    """From the image plane to pixel indices of the crop."""
    corner, down, across = quad[:, :1], quad[:, 1:2] - quad[:, :1], quad[:, 3:] - quad[:, :1]
    offset = points - corner
    u = (offset * across).sum(dim=2) / across.square().sum(dim=2)
    v = (offset * down).sum(dim=2) / down.square().sum(dim=2)
    return torch.stack([u, v], dim=2) * resolution - 0.5


def _paint_some(q: Parameters, quad: Tensor, side: int, smooth_edges: bool) -> dict[str, Tensor]:
    """Image and layers of a few portraits, ``[N, C, side, side]``.

    One ray per pixel, and three for pixels on an edge: textures are smooth already.
    """
    scene = Scene(q, quad, side)
    rays, pixel = crop_rays(quad, side)
    t, parts = scene.meet(quad, side)
    layers = _look(scene, rays, t, parts, scene.normals(rays, t, parts, pixel), pixel, _plane(side, quad.device))
    if smooth_edges:
        starts = Starts.around(t, 2 * pixel)
        for edges in chunks(chosen(_edges(layers, side))):
            _refine(scene, layers, edges, starts, quad, side)
    flyaway(layers, q, rays, pixel)
    return {name: values.transpose(1, 2).unflatten(2, (side, side)) for name, values in layers.items()}


def _refine(scene: Scene, layers: dict[str, Tensor], edges: Chosen, starts: Starts, quad: Tensor, side: int) -> None:
    """Replace the pixels `edges` by the mean of three rays: the existing one and two on a diagonal, whose direction
    alternates from pixel to pixel.
    """
    rays, pixel = crop_rays(quad, 2 * side)
    row, column = edges.index // side, edges.index % side
    turn = (row + column) % 2
    corners = [(0 * turn, turn), (1 + 0 * turn, 1 - turn)]
    index = torch.stack([(2 * row + down) * 2 * side + 2 * column + across for down, across in corners], dim=2)
    finer = Chosen(index.flatten(1), edges.real)
    near, far = (edges.of(start).repeat_interleave(2, dim=1) for start in (starts.near, starts.far))
    plane = tuple(finer.of(axis.expand(len(quad), -1)) for axis in _plane(2 * side, quad.device))
    ray = finer.of(rays)
    t, parts = scene.walk(ray, Starts(near, far), pixel)
    normals = scene.normal(at(ray, t), parts, STEP)
    for name, values in _look(scene, ray, t, parts, normals, pixel, (plane[0], plane[1])).items():
        edges.put(layers[name], (values.unflatten(1, (-1, 2)).sum(dim=2) + edges.of(layers[name])) / 3)


def _edges(layers: dict[str, Tensor], side: int) -> Tensor:
    """Mask ``[N, P]`` of pixels whose neighbours belong to another part, lie far behind, or turn away."""
    keys = [layers[name] for name in ("skin", "hair", "cloth", "glasses")]
    map_ = torch.cat([*keys, 3 * layers["depth"], 0.4 * layers["normal"]], dim=2).transpose(1, 2).unflatten(2, (side, side))
    change = torch.zeros_like(map_[:, :1])
    for axis in (2, 3):
        step = map_.diff(dim=axis).abs().amax(dim=1, keepdim=True)
        pad = [0, 0, 0, 1] if axis == 2 else [0, 1]
        change = torch.maximum(
            change,
            torch.maximum(F.pad(step, pad), F.pad(step, [p for pair in zip(pad[1::2], pad[::2], strict=True) for p in pair])),
        )
    return change.flatten(1) > 0.2


def _look(
    scene: Scene,
    rays: Tensor,
    t: Tensor,
    parts: Tensor,
    normals: Tensor,
    pixel: Tensor,
    plane: tuple[Tensor, Tensor],
) -> dict[str, Tensor]:
    """Image and layers ``[N, P, C]`` of the surface points at distance `t` along rays ``[N, P, 3]``, in front of `parts`."""
    q = scene.q
    layers = {name: torch.zeros(*t.shape, channels, device=t.device) for name, channels in CHANNELS.items()}
    backdrop = background(q, *plane).expand(*t.shape, 3)
    layers["image"], layers["color"] = backdrop.clone(), backdrop.clone()
    for seen in chunks(chosen(t < FAR - 1e-3)):
        ray = seen.of(rays)
        for name, values in _light(scene, at(ray, seen.of(t)), seen.of(normals), ray, pixel, seen.of(parts)).items():
            seen.put(layers[name], values)
    if q.glasses.any():
        _wear(layers, glasses(q, scene.head, t, rays, pixel), q)
    layers["image"] = to_srgb(filmic(layers["image"]))
    return layers


def _plane(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y from -1 to 1 across the crop, ``[1, P]``."""
    steps = (torch.arange(side, device=device) + 0.5) * (2 / side) - 1
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return x.reshape(1, -1), y.reshape(1, -1)


def _light(scene: Scene, points: Tensor, normal: Tensor, rays: Tensor, pixel: Tensor, parts: Tensor) -> dict[str, Tensor]:
    """Linear image and layers ``[N, P, C]`` of surface points with unit normals, each ``[N, P, 3]``, in front of `parts`."""
    q = scene.q
    weights = torch.softmax(-parts / (0.6 * pixel[..., None] + 0.004), dim=2)
    p, b = Point(*scene.head.to_part(points).unbind(dim=2)), Point(*scene.trunk.to_part(points).unbind(dim=2))
    light_here = scene.head.turn_to_part(q.light[:, None])[:, 0]
    weights = _frayed(weights, parts, p, q, pixel)
    hairy = weights[..., HAIR] + weights[..., BEARD]
    skinny = weights[..., SKIN] + weights[..., NECK]
    count = points.shape[1]
    bare, haired, dressed, hatted = (chosen(mask > 1e-3) for mask in (skinny, hairy, weights[..., CLOTH], weights[..., HAT]))
    turned = scene.head.turn_to_part(normal)
    painted = paint_skin(_some(p, bare), bare.of(turned), light_here, q, pixel)
    face = Surface(*(bare.spread(values, count) for values in painted))
    combed = strands(_some(p, haired), haired.of(turned), q, pixel)
    locks = Strands(*(haired.spread(values, count) for values in combed))
    dress = dressed.spread(cloth_color(_some(b, dressed), q), count)
    color = face.color * skinny[..., None] + locks.color * hairy[..., None] + dress * weights[..., CLOTH, None]
    if len(hatted):
        color = color + hatted.spread(hat_color(_some(p, hatted), q), count) * weights[..., HAT, None]
    jewel = earrings(p, q, pixel) * weights[..., SKIN]
    color = over(color, color.new_tensor([[0.75, 0.6, 0.32]]), jewel)
    lit = over(normal, scene.head.turn_to_camera(face.normal), weights[..., SKIN])
    lit = F.normalize(over(lit, scene.head.turn_to_camera(locks.normal), hairy), dim=2)
    flow = scene.head.turn_to_camera(locks.flow)
    sunlit, open_ = scene.sunlit(points + 0.02 * normal), scene.openness(points, normal)
    light, shade = illuminate(q, lit, rays, sunlit, open_, skinny * (1 - face.eyes))
    key = q.light_color[:, None]
    white, tinted = sheen(locks, normal, flow, rays, q.light)
    shine = 0.045 * white[..., None] + 0.8 * tinted[..., None] * locks.color
    linear = color * light + shine * (hairy * (0.25 + 0.75 * shade))[..., None] * key
    glossy = face.gloss * skinny + 0.02 * weights[..., CLOTH] + jewel
    sharp = face.sharp.clamp_min(CLOTH_SHARP)
    wet = face.light * weights[..., SKIN, None]
    linear = linear + (gloss(lit, rays, q.light, sharp, glossy) * shade)[..., None] * key + wet * key
    return {
        "image": linear,
        "color": color,
        "shade": shade[..., None],
        "normal": normal,
        "depth": points[..., 2:] + 2,
        "flow": _picture_flow(flow, normal, hairy),
        "skin": skinny[..., None],
        "hair": torch.maximum(hairy, face.brows * weights[..., SKIN])[..., None],
        "cloth": (weights[..., CLOTH] + weights[..., HAT])[..., None],
        "hat": weights[..., HAT, None],
        "eyes": (face.eyes * weights[..., SKIN])[..., None],
        "lips": (face.lips * weights[..., SKIN])[..., None],
        "lines": (face.lines * weights[..., SKIN])[..., None],
        "brows": (face.brows * weights[..., SKIN])[..., None],
        "mouth": (face.mouth * weights[..., SKIN])[..., None],
        "teeth": (face.teeth * weights[..., SKIN])[..., None],
    }


def _some(p: Point, points: Chosen) -> Point:
    return Point(*(points.of(axis) for axis in p))


def _frayed(weights: Tensor, parts: Tensor, p: Point, q: Parameters, pixel: Tensor) -> Tensor:
    """Shares of the parts ``[N, P, 6]``, where hair and beard end in single hairs that reveal the skin."""
    skin_, hair_, beard_ = weights[..., SKIN], weights[..., HAIR], weights[..., BEARD]
    scalp = coverage(p, q, pixel, parts[..., SKIN])
    grows = ramp(beard_mask(p, q) + 0.25 * fray(p, q, pixel) + 4 * parts[..., SKIN].clamp_min(0), 0.25, 0.65)
    hairs = (hair_ + skin_) * scalp
    rest = hair_ + skin_ + beard_ - hairs
    bearded = torch.minimum(rest, (beard_ + 0.8 * q.beard * skin_) * grows)
    shares = {SKIN: rest - bearded, HAIR: hairs, BEARD: bearded}
    return torch.stack([shares.get(part, weights[..., part]) for part in range(weights.shape[2])], dim=2)


def _wear(layers: dict[str, Tensor], it: Glasses, q: Parameters) -> None:
    """Composite the glasses over everything."""
    lens = it.lens * (0.06 + 0.84 * q.glasses_dark)
    covered = torch.maximum(it.frame, lens * q.glasses_dark)
    for name in ("skin", "hair", "cloth", "hat", "eyes", "lips", "lines", "brows", "mouth", "teeth"):
        layers[name] *= 1 - covered[..., None]
    dark = 0.15 * q.frame + 0.01
    layers["image"] = over(layers["image"], dark, lens) + it.glare[..., None] * q.light_color[:, None]
    layers["image"] = over(layers["image"], q.frame * 0.9 + 0.03, it.frame)
    layers["color"] = over(over(layers["color"], dark, lens), q.frame, it.frame)
    layers["glasses"] = covered[..., None]


def _picture_flow(flow: Tensor, normal: Tensor, hairy: Tensor) -> Tensor:
    """Direction of hair strands, and elsewhere across the slope, the direction of a brush stroke."""
    strands = torch.stack([flow[..., 0], -flow[..., 1]], dim=2)
    form = torch.stack([-normal[..., 1], -normal[..., 0]], dim=2)
    return F.normalize(hairy[..., None] * strands + (1 - hairy[..., None]) * form, dim=2)
