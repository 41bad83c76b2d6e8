"""The shape of a portrait as signed distances: head, face, neck and trunk.

Points are three tensors ``[N, P]``: x to the right of the picture, y up, z towards the viewer, in head
units (see `parameters.Parameters`). Distances are negative inside. The head turns; the body, which
carries neck and shoulders, turns less, so each has its own frame.

Round shapes are joined by smooth minima, the usual way of modelling with distance fields.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .parameters import Parameters

__all__ = ["Point", "body", "capsule", "ellipsoid", "eye_growth", "mirrored", "skin", "smooth_max", "smooth_min", "sphere"]


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


def body(p: Point, q: Parameters) -> tuple[Tensor, Tensor, Tensor]:
    """Distances of the neck with bare shoulders, of the neck alone and of the trunk, in the body's frame."""
    m = mirrored(p)
    thick = q.neck
    neck = capsule(p, (0, -0.55, -0.3), (0, -1.65, -0.42), (thick, thick + 0.05))
    # Sternocleidomastoid: from behind the ear to the pit of the throat.
    cord = capsule(m, (0.88 * thick, -0.75, -0.28), (0.13, -1.62, 0.02 + 0.25 * (thick - 0.5)), (0.08, 0.065))
    neck = smooth_min(neck, cord, 0.1)
    shoulder = 1.55 + 0.3 * q.masculine
    slope = smooth_min(
        capsule(m, (0.1, -1.62, -0.5), (shoulder, -2.08, -0.5), (0.3, 0.4)),
        capsule(m, (0.1, -2.2, -0.2), (shoulder - 0.35, -2.3, -0.2), (0.52, 0.42)),
        0.3,
    )
    return smooth_min(neck, slope + 0.035, 0.34), neck, slope
