"""The camera of a portrait: poses of head and body, rays through a crop, projection of landmarks."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .parameters import Parameters

__all__ = ["CAMERA", "Pose", "crop_rays", "ffhq_quad", "project"]

CAMERA = 8.0  # distance of the camera from the centre of the head
HEAD_PIVOT = (0.0, -0.62, -0.3)
BODY_PIVOT = (0.0, -1.5, -0.35)


@dataclass(frozen=True)
class Pose:
    """A rotation about a point; maps between the camera's frame and the frame of a body part.

    Attributes:
        rotation: ``[N, 3, 3]``, from the part to the camera.
        pivot: the fixed point, ``[3]``.
    """

    rotation: Tensor
    pivot: Tensor

    @staticmethod
    def head(q: Parameters) -> "Pose":
        return Pose(_rotation(q.yaw, q.pitch, q.roll), torch.tensor(HEAD_PIVOT, device=q.yaw.device))

    @staticmethod
    def body(q: Parameters) -> "Pose":
        """The pose of the shoulders, which follow the head a little."""
        return Pose(_rotation(0.35 * q.yaw, 0.15 * q.pitch, 0.3 * q.roll), torch.tensor(BODY_PIVOT, device=q.yaw.device))

    def to_camera(self, points: Tensor) -> Tensor:  # [N, P, 3]
        return (points - self.pivot) @ self.rotation.transpose(1, 2) + self.pivot

    def to_part(self, points: Tensor) -> Tensor:  # [N, P, 3]
        return (points - self.pivot) @ self.rotation + self.pivot

    def turn_to_part(self, directions: Tensor) -> Tensor:  # [N, P, 3]
        return directions @ self.rotation

    def turn_to_camera(self, directions: Tensor) -> Tensor:  # [N, P, 3]
        return directions @ self.rotation.transpose(1, 2)


def _rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Rotation matrices from angles ``[N, 1]``; positive angles turn right, nod down, lean."""
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)

    def stack(*rows: Tensor) -> Tensor:
        return torch.cat(rows, dim=1).view(-1, 3, 3)

    y = stack(yaw.cos(), zero, yaw.sin(), zero, one, zero, -yaw.sin(), zero, yaw.cos())
    x = stack(one, zero, zero, zero, pitch.cos(), -pitch.sin(), zero, pitch.sin(), pitch.cos())
    z = stack(roll.cos(), -roll.sin(), zero, roll.sin(), roll.cos(), zero, zero, zero, one)
    return z @ x @ y


def project(points: Tensor) -> Tensor:
    """Project points ``[N, P, 3]`` in the camera's frame onto the image plane z = 0, ``[N, P, 2]``."""
    return points[..., :2] * (CAMERA / (CAMERA - points[..., 2:]))


def ffhq_quad(landmarks: Tensor) -> Tensor:
    """FFHQ's crop (see faces.align) in the image plane, y up: landmarks ``[N, 68, 2]`` to corners ``[N, 4, 2]``.

    The corners are upper left, lower left, lower right, upper right.
    """
    left, right = landmarks[:, 36:42].mean(dim=1), landmarks[:, 42:48].mean(dim=1)
    eyes, mouth = (left + right) / 2, (landmarks[:, 48] + landmarks[:, 54]) / 2
    across, down = right - left, mouth - eyes
    x = across - torch.stack([down[:, 1], -down[:, 0]], dim=1)
    size = torch.maximum(2.0 * across.norm(dim=1), 1.8 * down.norm(dim=1))
    x = x / x.norm(dim=1, keepdim=True) * size[:, None]
    y = torch.stack([x[:, 1], -x[:, 0]], dim=1)  # towards the chin
    centre = eyes + 0.1 * down
    return torch.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y], dim=1)


def crop_rays(quad: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
    """Unit directions ``[N, P, 3]`` from the camera through each pixel of a crop, and the pixel's size ``[N, 1]``."""
    steps = (torch.arange(resolution, device=quad.device) + 0.5) / resolution
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    corner, down, across = quad[:, 0], quad[:, 1] - quad[:, 0], quad[:, 3] - quad[:, 0]
    plane = corner[:, None] + u.reshape(1, -1, 1) * across[:, None] + v.reshape(1, -1, 1) * down[:, None]  # [N, P, 2]
    rays = torch.cat([plane, torch.full_like(plane[..., :1], -CAMERA)], dim=2)
    return rays / rays.norm(dim=2, keepdim=True), across.norm(dim=1, keepdim=True) / resolution
