"""The shape of a portrait as signed distances: skin, hair, clothes.

Points are three tensors ``[N, P]``: x to the right of the picture, y up, z towards the viewer, in head
units (see `parameters.Parameters`). Distances are negative inside. The head turns; the body, which
carries neck and shoulders, turns less, so each has its own frame.

Round shapes are joined by smooth minima, the usual way of modelling with distance fields.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .parameters import Parameters, ramp

__all__ = ["Point", "beard_mask", "body", "eye_growth", "hair", "skin", "smooth_max", "smooth_min"]


class Point(NamedTuple):
    """Coordinates ``[N, P]``."""

    x: Tensor
    y: Tensor
    z: Tensor


Number = Tensor | float
LARGEST_EYE = 1.45  # eye_size of a person; only painted styles go beyond


def smooth_min(a: Tensor, b: Tensor, k: Number) -> Tensor:
    """Union with a fillet of size `k`."""
    h = (k - (a - b).abs()).clamp_min(0)
    return torch.minimum(a, b) - h * h * (0.25 / k)


def smooth_max(a: Tensor, b: Tensor, k: Number) -> Tensor:
    """Intersection with a fillet of size `k`; ``smooth_max(a, -b, k)`` carves b out of a."""
    return -smooth_min(-a, -b, k)


def ellipsoid(p: Point, at: tuple[Number, Number, Number], radii: tuple[Number, Number, Number]) -> Tensor:
    """First-order distance; exact on the surface."""
    i, j, k = 1 / radii[0], 1 / radii[1], 1 / radii[2]
    a, b, c = (p.x - at[0]) * i, (p.y - at[1]) * j, (p.z - at[2]) * k
    near = a * a + b * b + c * c + 1e-6
    a, b, c = a * i, b * j, c * k
    return (near - near.sqrt()) * (a * a + b * b + c * c + 1e-6).rsqrt()


def sphere(p: Point, at: tuple[Number, Number, Number], radius: Number) -> Tensor:
    x, y, z = p.x - at[0], p.y - at[1], p.z - at[2]
    return (x * x + y * y + z * z + 1e-9).sqrt() - radius


def capsule(
    p: Point, a: tuple[Number, Number, Number], b: tuple[Number, Number, Number], radii: tuple[Number, Number]
) -> Tensor:
    """A segment with a radius at each end."""
    ax, ay, az = p.x - a[0], p.y - a[1], p.z - a[2]
    bx, by, bz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    t = ((ax * bx + ay * by + az * bz) * (1 / (bx * bx + by * by + bz * bz))).clamp(0, 1)
    x, y, z = ax - t * bx, ay - t * by, az - t * bz
    return (x * x + y * y + z * z + 1e-9).sqrt() - (radii[0] + t * (radii[1] - radii[0]))


def mirrored(p: Point) -> Point:
    """The right half stands for both; rounded at the middle so that joins stay smooth."""
    return Point((p.x * p.x + 1e-4).sqrt(), p.y, p.z)


def skull(p: Point, q: Parameters) -> Tensor:
    top = 0.86 * q.head_height * q.forehead
    cranium = ellipsoid(p, (0, 0.28, -0.16), (0.83 * q.face_width, top, 0.98))
    face = ellipsoid(p, (0, -0.33, 0.12), (0.71 * q.face_width, 0.92, 0.74))
    return smooth_min(cranium, face, 0.22)


def skin(p: Point, q: Parameters) -> Tensor:
    """Head without hair, without the eyes' openings (those are painted on)."""
    m = mirrored(p)
    chin_y = -1.19 * q.chin_length
    d = skull(p, q)
    jaw = ellipsoid(p, (0, chin_y + 0.4, 0.14), (0.56 * q.jaw_width, 0.44, 0.56))
    d = smooth_min(d, jaw, 0.2)
    d = smooth_min(d, ellipsoid(p, (0, chin_y + 0.03, 0.53), (0.17 * q.jaw_width, 0.13, 0.15)), 0.17)
    full = 0.2 * q.cheeks
    lift = 0.05 * q.smile
    d = smooth_min(d, ellipsoid(m, (0.4, -0.4 + lift, 0.47), (full + 0.05, full, full)), 0.19)
    d = smooth_min(d, capsule(m, (0.12, 0.2, 0.74), (0.5, 0.17, 0.56), (0.07, 0.06)), 0.14)
    big = eye_growth(q)
    d = smooth_max(d, -ellipsoid(m, (q.eye_x, 0.0, 0.98), (0.24 * big, 0.16 * big, 0.19)), 0.13)
    d = smooth_min(d, sphere(m, (q.eye_x, -0.005, 0.745 - 0.205 * big), 0.205 * big), 0.05)
    d = smooth_min(d, nose(p, m, q), 0.075)
    d = smooth_min(d, lips(p, q), 0.035)
    return smooth_min(d, ears(m, q), 0.05)


def eye_growth(q: Parameters) -> Number:
    """How much larger than a person's an eyeball must be, ``[N, 1]``, or 1 where all eyes are a person's."""
    return (q.eye_size / LARGEST_EYE).clamp_min(1) if (q.eye_size > LARGEST_EYE).any() else 1.0


def nose_base(q: Parameters) -> Tensor:
    """Height of the underside of the nose."""
    return -0.435 * q.nose_length


def nose(p: Point, m: Point, q: Parameters) -> Tensor:
    base = nose_base(q)
    bridge = capsule(p, (0, 0.08, 0.74 + 0.03 * q.nose_bridge), (0, base + 0.1 + q.nose_tip, 0.98), (0.045, 0.075))
    tip = ellipsoid(p, (0, base + 0.075 + q.nose_tip, 0.985), (0.115 * q.nose_width, 0.1, 0.105))
    wing = ellipsoid(m, (0.125 * q.nose_width, base + 0.05, 0.865), (0.075 * q.nose_width, 0.07, 0.1))
    d = smooth_min(smooth_min(bridge, tip, 0.08), wing, 0.05)
    nostril = ellipsoid(m, (0.07 * q.nose_width, base - 0.02 + 0.5 * q.nose_tip, 0.93), (0.042 * q.nose_width, 0.026, 0.05))
    return smooth_max(d, -nostril, 0.025)


def mouth_line(x: Tensor, q: Parameters) -> Tensor:
    """Height of the line between the lips at each x: corners up in a smile."""
    s = (x / q.mouth_width).clamp(-1.3, 1.3)
    return q.mouth_y + 0.085 * q.smile * (s * s - 0.35)


def lips(p: Point, q: Parameters) -> Tensor:
    line = p.y - mouth_line(p.x, q)
    bent = Point(p.x, line, p.z + 0.85 * p.x * p.x)
    gap = 0.075 * q.mouth_open
    upper = ellipsoid(bent, (0, 0.03 + 0.3 * gap, 0.742), (q.mouth_width, 0.5 * q.lip_upper + 0.015, 0.085))
    lower = ellipsoid(bent, (0, -0.042 - gap, 0.738), (0.84 * q.mouth_width, 0.5 * q.lip_lower + 0.012, 0.095))
    return smooth_min(upper, lower, 0.03)


def ears(m: Point, q: Parameters) -> Tensor:
    tilt = m.x - 0.3 * (m.z + 0.1) * -1.0
    turned = Point(tilt, m.y, m.z)
    size = q.ear_size
    edge = 0.815 * q.face_width
    d = ellipsoid(turned, (edge, -0.09, -0.08), (0.075, 0.25 * size, 0.165 * size))
    hollow = ellipsoid(turned, (edge + 0.08, -0.06, -0.02), (0.055, 0.17 * size, 0.1 * size))
    return smooth_max(d, -hollow, 0.04)


def lumps(p: Point) -> Tensor:
    """A wavy field in about [-1, 1] that makes curls."""
    a = torch.sin(9.1 * p.x + 2.0 * torch.sin(3.7 * p.y)) * torch.sin(8.3 * p.y + 1.7 * torch.sin(4.1 * p.z))
    return a * torch.sin(8.7 * p.z + 1.3 * torch.sin(5.3 * p.x)) + 0.5 * torch.sin(17 * p.x + 3 * p.z) * torch.sin(
        15 * p.y - 2 * p.x
    )


def hairline(p: Point, q: Parameters) -> Tensor:
    """Height of the hair's edge over the forehead at each x, fringe and parting included."""
    across = (p.x - q.parting) / 0.9
    line = q.hairline * q.forehead + 0.1 * torch.exp(-(((p.x - q.parting) / 0.16) ** 2)) - 0.3 * across * across
    swept = 0.3 + 0.09 * across * torch.sign(q.parting) + 0.025 * torch.sin(11 * p.x + 5 * q.parting)
    return line + q.fringe * (swept - line)


def hair(p: Point, q: Parameters) -> Tensor:
    """Hair on the head: a shell over the skull, open at the face, and what hangs, stands or is tied up."""
    m = mirrored(p)
    thick = q.hair_volume
    shell = ellipsoid(
        p,
        (0, 0.26, -0.19),
        (0.83 * q.face_width + 0.75 * thick, 0.87 * q.head_height * q.forehead + 1.25 * thick, 0.985 + 0.6 * thick),
    )
    nape = ellipsoid(p, (0, -0.3, -0.42), (0.7 * q.face_width + 0.6 * thick, 0.72, 0.6))
    d = smooth_min(shell, nape, 0.2)
    # The face looks out of an opening: below the hairline, before the ears.
    side = 0.72 * q.face_width + 0.04 - 0.26 * q.hair_sides * q.hair_back
    behind = 0.14 - p.z
    inside = smooth_max(smooth_max(p.y - hairline(p, q), m.x - side, 0.12), behind, 0.1)
    cheeks = smooth_max(smooth_max(p.y - 0.16, -0.02 - p.z, 0.08), -0.2 - 0 * p.x, 0.02)
    opening = smooth_min(inside, cheeks + 0.5 * q.hair_sides, 0.1)
    d = smooth_max(d, -opening, 0.06 + 0.08 * q.fringe)
    d = smooth_min(d, hanging(p, m, q), 0.12)
    d = smooth_min(d, sphere(p, (0, 0.98 * q.head_height + 0.2, -0.42), 0.36 * q.bun - 0.3 * (1 - q.bun)), 0.06)
    crown = ramp(p.y, 0.1, 0.55)
    d = d + q.bald * (0.02 + 0.5 * crown + 0.35 * ramp(p.z, -0.1, 0.4))
    if not q.hair_curl.any():
        return d
    return d + 0.055 * q.hair_curl * lumps(p) * ramp(thick, 0.04, 0.14)


def hanging(p: Point, m: Point, q: Parameters) -> Tensor:
    """Hair behind and beside the neck, down to its length."""
    low = -q.hair_length
    fall = 0.5 * (0.5 + low)
    width = 0.68 * q.face_width + 0.5 * q.hair_volume
    back = ellipsoid(p, (0, fall, -0.38), (width + 0.1, (0.62 - fall + 0.06).clamp_min(0.3), 0.42))
    lock = capsule(
        m,
        (0.74 * q.face_width + 0.4 * q.hair_volume, 0.22, 0.02),
        (0.66 + 0.5 * q.hair_volume, low, 0.12),
        (0.1 + 0.35 * q.hair_volume, 0.11),
    )
    d = smooth_min(back, lock, 0.18)
    wave = 0.03 * torch.sin(5.5 * p.y + 3 * p.x) * (1 - q.hair_curl)
    return d + wave + 0.9 * (1 - q.hair_back)


def beard(p: Point, q: Parameters, d_skin: Tensor) -> Tensor:
    """A full beard: the skin, pushed out where it grows."""
    if not q.beard.any():
        return d_skin + 0.05
    grows = beard_mask(p, q)
    thick = 0.1 * grows * ramp(-p.y, 0.25, 0.9) * (1 + 0.2 * lumps(p))
    return d_skin - q.beard * thick + 0.012 + 0.05 * (1 - grows) + 0.06 * (1 - q.beard)


def beard_mask(p: Point, q: Parameters) -> Tensor:
    """Where a beard grows, 0 to 1: jaw and chin, not the mouth."""
    side = p.x.abs()
    cheek_line = -0.5 + 0.42 * ramp(side, 0.42, 0.78)
    jaw = ramp(cheek_line - p.y, 0.0, 0.12) * ramp(p.z, -0.1, 0.05)
    mouth = (side / (q.mouth_width * 1.12)) ** 2 + ((p.y - q.mouth_y + 0.03) / (0.115 + 0.06 * q.mouth_open)) ** 2
    return jaw * ramp(mouth, 0.9, 1.25)


def body(p: Point, q: Parameters) -> tuple[Tensor, Tensor]:
    """Distances of neck and clothes, in the body's frame."""
    m = mirrored(p)
    neck = capsule(p, (0, -0.6, -0.22), (0, -1.8, -0.36), (q.neck, q.neck + 0.06))
    shoulder = 1.12 + 0.16 * q.masculine
    trunk = capsule(m, (0.1, -2.13, -0.32), (shoulder, -2.33, -0.42), (0.52, 0.44))
    neck_skin = smooth_min(neck, trunk + 0.035, 0.3)
    high = ramp(q.collar, 0.72, 0.9)
    turtle = capsule(p, (0, -1.2, -0.29), (0, -1.75, -0.36), (q.neck + 0.055, q.neck + 0.1)) + 0.2 * (1 - high)
    cloth = smooth_min(smooth_min(neck + 0.015, trunk, 0.3), turtle, 0.05)
    # The neckline: a slanted plane round the neck, with a V in front for some.
    deep = ramp(q.collar, 0.32, 0.5) * (1 - high)
    front = ramp(p.z, -0.3, 0.1)
    vee = deep * (0.42 - 1.15 * m.x).clamp_min(0) * front
    line = p.y + 1.5 + 0.16 * front + vee - 0.62 * high * ramp(m.x, 0.75, 0.5)
    return neck_skin, smooth_max(cloth, line, 0.02)
