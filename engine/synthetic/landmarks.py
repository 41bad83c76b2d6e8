"""The 68 landmarks of a portrait in dlib's order, and the curves of the face through them."""

from math import pi

import torch
from torch import Tensor

from .camera import Pose, project
from .geometry import Point, face, mirrored, mouth_line, nose_base
from .parameters import Parameters

__all__ = ["EYE_HEIGHT", "EYE_WIDTH", "brow_line", "inner_lips", "lids", "outer_lips", "project_landmarks", "surface_landmarks"]

EYE_WIDTH = 0.152  # half the width of an open eye, for eye_size 1
EYE_HEIGHT = 0.068  # with LID_FALL a third of the width, as in real eyes
LID_FALL = 0.036


def lids(u: Tensor, q: Parameters) -> tuple[Tensor, Tensor]:
    """Upper and lower lid above the eye's axis; u runs from -1 (inner corner) to 1 (outer corner)."""
    inside = (1 - u * u).clamp_min(0)
    upper = EYE_HEIGHT * q.eye_size * q.eye_open * inside**0.7 * (1 - 0.14 * u)
    lower = -LID_FALL * q.eye_size * inside**0.85 * (1 + 0.2 * u) * (0.6 + 0.4 * q.eye_open)
    return upper, lower + 0.014 * q.smile.clamp_min(0) * inside


def brow_line(u: Tensor, q: Parameters) -> Tensor:
    """Centre line of the brow above the eye's axis; u from -1 (nose) to 1 (temple)."""
    peak = 1 - ((u - 0.25) / 1.25) ** 2
    return q.brow_y + q.brow_arch * peak + 0.12 * q.brow_tilt * -u - 0.02


def outer_lips(s: Tensor, q: Parameters) -> tuple[Tensor, Tensor]:
    """Upper and lower edge of the lips around the mouth line; s from -1 to 1 across the mouth."""
    inside = (1 - s * s).clamp_min(0)
    bow = 1 - 0.24 * torch.exp(-((s / 0.16) ** 2)) + 0.1 * torch.exp(-(((s.abs() - 0.3) / 0.2) ** 2))
    upper = (q.lip_upper * bow + 0.02 * q.mouth_open) * inside**0.8
    lower = -(q.lip_lower + 0.075 * q.mouth_open + 0.012) * inside**0.65
    return upper, lower


def inner_lips(s: Tensor, q: Parameters) -> tuple[Tensor, Tensor]:
    """Upper and lower edge of the open mouth around the mouth line."""
    inside = (1 - (s / 0.94) ** 2).clamp_min(0)
    return 0.02 * q.mouth_open * inside, -0.115 * q.mouth_open * inside**0.7


def _spread(start: float, end: float, count: int, like: Tensor) -> Tensor:
    return torch.linspace(start, end, count, device=like.device).expand(len(like), -1)


def frontal_landmarks(q: Parameters) -> Tensor:
    """x and y of the 51 landmarks inside the face, in the head's frame, ``[N, 51, 2]``."""
    u = _spread(-0.95, 0.95, 5, q.age)
    brow_right = torch.stack([q.eye_x + 0.185 * u, brow_line(u, q)], dim=2)
    nose = _nose_landmarks(q)
    eye = _eye_landmarks(q)
    mirror = torch.tensor([-1.0, 1.0], device=u.device)
    brow_left = (brow_right * mirror).flip(1)
    eye_left = (eye * mirror)[:, [3, 2, 1, 0, 5, 4]]
    return torch.cat([brow_left, brow_right, nose, eye_left, eye, _mouth_landmarks(q)], dim=1)


def _nose_landmarks(q: Parameters) -> Tensor:
    base, zero = nose_base(q), torch.zeros_like(q.age)
    ridge = [0.02 + (base + 0.08 + q.nose_tip - 0.02) * step for step in (0, 1 / 3, 2 / 3, 1)]
    wide = 0.15 * q.nose_width
    under = [
        (-wide, base + 0.03),
        (-0.5 * wide, base + 0.005),
        (zero, base - 0.015),
        (0.5 * wide, base + 0.005),
        (wide, base + 0.03),
    ]
    points = [torch.cat([zero, y], dim=1) for y in ridge] + [torch.cat([x, y], dim=1) for x, y in under]
    return torch.stack(points, dim=1)


def _eye_landmarks(q: Parameters) -> Tensor:
    """Inner corner, two on the upper lid, outer corner, two on the lower lid from outside in: dlib's 42 to 47."""
    u = torch.tensor([-1.0, -0.38, 0.38, 1.0, 0.38, -0.38], device=q.age.device).expand(len(q), -1)
    upper, lower = lids(u, q)
    v = torch.where(torch.arange(6, device=u.device) < 4, upper, lower)
    width = EYE_WIDTH * q.eye_size
    return torch.stack([q.eye_x + width * u, v + width * u * q.eye_tilt], dim=2)


def _mouth_landmarks(q: Parameters) -> Tensor:
    s = _spread(-1, 1, 7, q.age)
    upper, lower = outer_lips(s, q)
    t = _spread(-0.82, 0.82, 5, q.age)
    inner_upper, inner_lower = inner_lips(t, q)

    def curve(position: Tensor, offset: Tensor) -> Tensor:
        x = position * q.mouth_width
        return torch.stack([x, mouth_line(x, q) + offset], dim=2)

    outside = torch.cat([curve(s, upper), curve(s, lower)[:, 1:6].flip(1)], dim=1)
    inside = torch.cat([curve(t, inner_upper), curve(t, inner_lower)[:, 1:4].flip(1)], dim=1)
    return torch.cat([outside, inside], dim=1)


def _trace(origin: Tensor, direction: Tensor, q: Parameters, steps: int = 20) -> Tensor:
    """March from outside ``[N, K, 3]`` along `direction` to the face; ears are not landmarks."""
    for _ in range(steps):
        p = Point(*origin.unbind(dim=2))
        distance = face(p, mirrored(p), q)
        origin = origin + direction * distance[..., None]
    return origin


def surface_landmarks(q: Parameters) -> Tensor:
    """The 68 landmarks on the skin, in the head's frame, ``[N, 68, 3]``."""
    flat = frontal_landmarks(q)
    start = torch.cat([flat, torch.full_like(flat[..., :1], 1.6)], dim=2)
    angle = _spread(-0.5 * pi * 0.985, 0.5 * pi * 0.985, 17, q.age)
    outward = torch.stack([angle.sin(), -(angle.cos() ** 1.0), torch.zeros_like(angle)], dim=2)
    centre = torch.tensor([0.0, -0.2, 0.0], device=flat.device) + torch.stack(
        [torch.zeros_like(angle), torch.zeros_like(angle), 0.05 + 0.42 * angle.cos().clamp_min(0)], dim=2
    )
    inward = torch.tensor([0.0, 0.0, -1.0], device=flat.device).expand_as(start)
    return _trace(torch.cat([centre + 2.0 * outward, start], dim=1), torch.cat([-outward, inward], dim=1), q)


def project_landmarks(q: Parameters) -> Tensor:
    """The 68 landmarks in the image plane, y up, ``[N, 68, 2]``."""
    return project(Pose.head(q).to_camera(surface_landmarks(q)))
