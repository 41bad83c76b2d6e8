"""What is worn: clothes and glasses."""

import torch
from torch import Tensor

from .camera import CAMERA, Pose
from .geometry import Point, capsule, mirrored, smooth_max, smooth_min
from .parameters import Parameters, ramp
from .texture import over

__all__ = ["cloth", "cloth_color", "glasses"]


def cloth(p: Point, q: Parameters, neck: Tensor, trunk: Tensor) -> Tensor:
    """Distance of the clothes over neck and trunk (see `geometry.body`), in the body's frame."""
    m = mirrored(p)
    high = ramp(q.collar, 0.72, 0.9)
    turtle = capsule(p, (0, -1.2, -0.29), (0, -1.75, -0.36), (q.neck + 0.055, q.neck + 0.1)) + 0.2 * (1 - high)
    d = smooth_min(smooth_min(neck + 0.015, trunk, 0.3), turtle, 0.05)
    # The neckline: a slanted plane round the neck, with a V in front for some.
    deep = ramp(q.collar, 0.32, 0.5) * (1 - high)
    front = ramp(p.z, -0.3, 0.1)
    vee = deep * (0.42 - 1.15 * m.x).clamp_min(0) * front
    line = p.y + 1.5 + 0.16 * front + vee - 0.62 * high * ramp(m.x, 0.75, 0.5)
    return smooth_max(d, line, 0.02)


def cloth_color(p: Point, q: Parameters) -> Tensor:
    """Cloth: plain, or with stripes."""
    stripe = ramp(torch.sin(17 * p.y + 1.5 * torch.cos(1.2 * p.x)), -0.25, 0.25)
    weave = 1 + 0.05 * torch.sin(9 * p.x + 4 * p.y) * torch.sin(7 * p.y - 3 * p.x)
    base = q.cloth[:, None] * weave[..., None]
    return over(base, q.cloth2, q.stripes * stripe)


def glasses(q: Parameters, head: Pose, depth: Tensor, rays: Tensor, pixel: Tensor) -> Tensor:
    """Coverage of a pair of glasses: two rims and a bridge in a plane before the eyes, and the temples."""
    origin = head.to_part(torch.tensor([[[0.0, 0.0, CAMERA]]], device=depth.device))
    ray = head.turn_to_part(rays)
    plane = 0.93
    t = (plane - origin[..., 2]) / ray[..., 2]
    x, y = origin[..., 0] + t * ray[..., 0], origin[..., 1] + t * ray[..., 1]
    soft = q.glasses_round
    half_x, half_y = 0.225, 0.15 + 0.06 * soft
    corner = 0.06 + (half_y - 0.065) * soft
    dx, dy = (x.abs() - q.eye_x - 0.015).abs() - half_x + corner, (y + 0.03).abs() - half_y + corner
    outline = torch.maximum(dx, dy).clamp_max(0) + (dx.clamp_min(0) ** 2 + dy.clamp_min(0) ** 2 + 1e-9).sqrt() - corner
    thick = 0.014 + 0.012 * (1 - soft)
    rims = outline.abs() - thick
    bridge = torch.maximum((y - 0.02 - 0.05 * (1 - (x / 0.2) ** 2)).abs() - thick, x.abs() - (q.eye_x - half_x + 0.03))
    flat = ((0.5 * pixel - torch.minimum(rims, bridge)) / pixel).clamp(0, 1) * ramp(depth - t, -0.03, 0.0)
    temples = torch.maximum(_temple(origin, ray, depth, q, 1.0, pixel), _temple(origin, ray, depth, q, -1.0, pixel))
    return q.glasses * torch.maximum(flat, temples)


def _temple(origin: Tensor, ray: Tensor, depth: Tensor, q: Parameters, side: float, pixel: Tensor) -> Tensor:
    """The side piece from rim to ear: closest approach of each ray to a segment."""
    edge = side * (q.eye_x + 0.235)
    start = torch.stack([edge, torch.full_like(edge, 0.05), torch.full_like(edge, 0.93)], dim=2)
    end = torch.stack([side * (0.86 * q.face_width), torch.full_like(edge, 0.06), torch.full_like(edge, 0.0)], dim=2)
    along, gap = end - start, origin - start
    bb, br, bg = (along * along).sum(2), (along * ray).sum(2), (along * gap).sum(2)
    rg = (ray * gap).sum(2)
    s = ((bg - br * rg) / (bb - br * br).clamp_min(1e-4)).clamp(0, 1)
    t = br * s - rg
    away = (gap + ray * t[..., None] - along * s[..., None]).norm(dim=2)
    covered: Tensor = ((0.016 + 0.5 * pixel - away) / pixel).clamp(0, 1) * ramp(depth - t, -0.04, 0.0)
    return covered
