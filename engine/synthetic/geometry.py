"""The shape of a portrait as signed distance functions: head, face, neck and trunk.

Points are three tensors ``[N, P]``: x to the right of the image, y up, z towards the viewer, in head units (see
`parameters.Parameters`). Distances are negative inside. The head and the body, which includes neck and shoulders, have
separate frames, since the body turns less.

Smooth minima join round shapes, as is usual for distance fields.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .coordinates import ramp
from .parameters import Parameters

__all__ = [
    "Point",
    "body",
    "capsule",
    "ellipsoid",
    "eye_growth",
    "mirrored",
    "skin",
    "skull",
    "smooth_max",
    "smooth_min",
    "sphere",
]


class Point(NamedTuple):
    """Coordinates ``[N, P]``."""

    x: Tensor
    y: Tensor
    z: Tensor


Number = Tensor | float
LARGEST_EYE = 1.45  # eye_size of a natural face; only painted styles exceed it


def smooth_min(a: Tensor, b: Tensor, k: Number) -> Tensor:
    """Union with a fillet of size `k`."""
    h = (k - (a - b).abs()).clamp_min(0)
    return torch.minimum(a, b) - h * h * (0.25 / k)


def smooth_max(a: Tensor, b: Tensor, k: Number) -> Tensor:
    """Intersection with a fillet of size `k`; ``smooth_max(a, -b, k)`` carves b out of a."""
    return -smooth_min(-a, -b, k)


def ellipsoid(p: Point, at: tuple[Number, Number, Number], radii: tuple[Number, Number, Number]) -> Tensor:
    """First-order approximation of the distance; exact on the surface."""
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
    """Distance of a segment with a radius at each end."""
    ax, ay, az = p.x - a[0], p.y - a[1], p.z - a[2]
    bx, by, bz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    t = ((ax * bx + ay * by + az * bz) * (1 / (bx * bx + by * by + bz * bz))).clamp(0, 1)
    x, y, z = ax - t * bx, ay - t * by, az - t * bz
    return (x * x + y * y + z * z + 1e-9).sqrt() - (radii[0] + t * (radii[1] - radii[0]))


def mirrored(p: Point) -> Point:
    """Reflect to the right half; rounded at the middle so that joins stay smooth."""
    return Point((p.x * p.x + 1e-4).sqrt(), p.y, p.z)


def skull(p: Point, m: Point, q: Parameters) -> Tensor:
    """Cranium and midface, with flattened temples."""
    top = 0.92 * q.head_height * q.forehead
    cranium = ellipsoid(p, (0, 0.27, -0.19), (0.81 * q.face_width, top, 0.99))
    face = ellipsoid(p, (0, -0.3, 0.13), (0.62 * q.face_width, 0.84, 0.72))
    d = smooth_min(cranium, face, 0.22)
    return smooth_max(d, -ellipsoid(m, (1.0 * q.face_width, 0.22, 0.55), (0.3, 0.4, 0.4)), 0.2)


def mandible(m: Point, q: Parameters) -> Tensor:
    """Jaw from ear to chin. It drops when the mouth opens, and gets jowls with age."""
    chin_y = chin_height(q)
    corner = (0.405 * q.jaw_width, -0.8 - 0.3 * (q.chin_length - 1) - 0.04 * q.mouth_open, 0.02)
    ramus = capsule(m, (0.575 * q.face_width, -0.2, -0.06), corner, (0.12, 0.14))
    front = (0.1 * q.jaw_width, chin_y + 0.16, 0.5)
    d = smooth_min(ramus, capsule(m, corner, front, (0.14, 0.14)), 0.26)
    d = smooth_min(d, ellipsoid(m, (0, chin_y + 0.47, 0.14), (0.46 * q.jaw_width, 0.42, 0.56)), 0.2)
    d = smooth_min(d, ellipsoid(m, (0, chin_y + 0.12, 0.52), (0.21 * q.jaw_width, 0.14, 0.18)), 0.17)
    sag = ramp(q.age, 45, 80)
    jowl = ellipsoid(m, (0.33 * q.jaw_width, chin_y + 0.28, 0.34), (0.16, 0.15 + 0.02 * sag, 0.18))
    return smooth_min(d, jowl + 0.07 * (1 - 0.75 * sag), 0.2)


def chin_height(q: Parameters) -> Tensor:
    """Height of the lowest point of the chin."""
    return -1.235 * q.chin_length - 0.085 * q.mouth_open


def cheeks(m: Point, q: Parameters) -> Tensor:
    """Cheekbones, which extend back to the ears, and the flesh below them, which a smile lifts."""
    lift = 0.06 * q.smile
    arch = capsule(m, (0.44 * q.face_width, -0.2, 0.5), (0.66 * q.face_width, -0.13, 0.02), (0.12, 0.08))
    full = 0.2 * q.cheeks + 0.02 * q.smile.clamp_min(0)
    flesh = ellipsoid(m, (0.36, -0.42 + lift, 0.49 + 0.3 * lift), (full + 0.07, full + 0.02, full))
    return smooth_min(arch, flesh, 0.24)


def skin(p: Point, q: Parameters) -> Tensor:
    """Head without hair; the eyes' openings are part of the texture."""
    m = mirrored(p)
    return smooth_min(face(p, m, q), ears(m, q), 0.05)


def face(p: Point, m: Point, q: Parameters) -> Tensor:
    """Head without ears; `m` is `p` mirrored."""
    d = smooth_min(skull(p, m, q), mandible(m, q), 0.26)
    d = smooth_min(d, cheeks(m, q), 0.24)
    heavy = 0.012 * q.masculine
    ridge = capsule(m, (0.1, 0.17, 0.75 + heavy), (0.5, 0.15, 0.53 + heavy), (0.07 + heavy, 0.06))
    d = smooth_min(d, ridge, 0.13)
    big = eye_growth(q)
    d = smooth_max(d, -ellipsoid(m, (q.eye_x, -0.01, 0.97), (0.25 * big, 0.16 * big, 0.2)), 0.12)
    d = smooth_min(d, sphere(m, (q.eye_x, -0.005, 0.735 - 0.205 * big), 0.205 * big), 0.045)
    d = smooth_min(d, nose(p, m, q), 0.085)
    return smooth_min(d, lips(p, q), 0.05)


def eye_growth(q: Parameters) -> Number:
    """Scale of an eyeball relative to a natural one, ``[N, 1]``, or 1 if all eyes are natural."""
    return (q.eye_size / LARGEST_EYE).clamp_min(1) if (q.eye_size > LARGEST_EYE).any() else 1.0


def nose_base(q: Parameters) -> Tensor:
    """Height of the underside of the nose."""
    return -0.435 * q.nose_length


def nose(p: Point, m: Point, q: Parameters) -> Tensor:
    base = nose_base(q)
    tip_y, tip_z = base + 0.095 + q.nose_tip, 0.9 + 0.035 * q.nose_bridge
    bridge = capsule(p, (0, 0.1, 0.71 + 0.05 * q.nose_bridge), (0, tip_y + 0.02, tip_z - 0.02), (0.055, 0.085))
    tip = ellipsoid(p, (0, tip_y - 0.01, tip_z), (0.1 * q.nose_width, 0.085, 0.085))
    wing = ellipsoid(m, (0.115 * q.nose_width, base + 0.055, 0.835), (0.075 * q.nose_width, 0.068, 0.095))
    column = capsule(p, (0, base + 0.03, 0.78), (0, tip_y - 0.03, tip_z - 0.02), (0.05, 0.05))
    d = smooth_min(smooth_min(smooth_min(bridge, tip, 0.1), wing, 0.06), column, 0.05)
    nostril = ellipsoid(m, (0.07 * q.nose_width, base - 0.015 + 0.5 * q.nose_tip, 0.9), (0.04 * q.nose_width, 0.026, 0.055))
    return smooth_max(d, -nostril, 0.025)


def mouth_line(x: Tensor, q: Parameters) -> Tensor:
    """Height of the line between the lips at each x; a smile raises the corners."""
    s = (x / q.mouth_width).clamp(-1.3, 1.3)
    return q.mouth_y + 0.066 * q.smile * (s.abs() ** 1.6 - 0.4)


def lips(p: Point, q: Parameters) -> Tensor:
    line = p.y - mouth_line(p.x, q)
    bent = Point(p.x, line, p.z + 0.85 * p.x * p.x)
    gap = 0.075 * q.mouth_open
    upper = ellipsoid(bent, (0, 0.03 + 0.3 * gap, 0.742), (q.mouth_width, 0.5 * q.lip_upper + 0.015, 0.085))
    lower = ellipsoid(bent, (0, -0.042 - gap, 0.738), (0.84 * q.mouth_width, 0.5 * q.lip_lower + 0.012, 0.095))
    return smooth_min(upper, lower, 0.03)


def ears(m: Point, q: Parameters) -> Tensor:
    turned = Point(m.x + 0.34 * (m.z + 0.1), m.y - 0.1 * (m.z + 0.1), m.z)
    size = q.ear_size
    edge = 0.76 * q.face_width
    rim = ellipsoid(turned, (edge, -0.02, -0.12), (0.07, 0.23 * size, 0.17 * size))
    lobe = ellipsoid(turned, (edge - 0.01, -0.02 - 0.25 * size, -0.05), (0.055, 0.11 * size, 0.085 * size))
    hollow = ellipsoid(turned, (edge + 0.075, -0.03, -0.06), (0.06, 0.16 * size, 0.1 * size))
    return smooth_max(smooth_min(rim, lobe, 0.08), -hollow, 0.035)


def body(p: Point, q: Parameters) -> tuple[Tensor, Tensor, Tensor]:
    """Distances of the neck with bare shoulders, of the neck alone and of the trunk, in the body's frame."""
    m = mirrored(p)
    thick = q.neck
    neck = capsule(p, (0, -0.55, -0.3), (0, -1.65, -0.42), (thick, thick + 0.05))
    # Sternocleidomastoid: from behind the ear to the suprasternal notch.
    cord = capsule(m, (0.88 * thick, -0.75, -0.28), (0.13, -1.62, 0.02 + 0.25 * (thick - 0.5)), (0.08, 0.065))
    neck = smooth_min(neck, cord, 0.1)
    shoulder = 1.55 + 0.3 * q.masculine
    slope = smooth_min(
        capsule(m, (0.1, -1.62, -0.5), (shoulder, -2.08, -0.5), (0.3, 0.4)),
        capsule(m, (0.1, -2.2, -0.2), (shoulder - 0.35, -2.3, -0.2), (0.52, 0.42)),
        0.3,
    )
    return smooth_min(neck, slope + 0.035, 0.34), neck, slope
