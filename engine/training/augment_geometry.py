"""The geometric transforms of ADA: all of them in one warp, at twice the resolution so that little is blurred.

Karras et al. 2020b, appendix B.2. Matrices act on homogeneous pixel coordinates about the centre of the image.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..stylegan2.resample import upfirdn

if TYPE_CHECKING:
    from .augment import Drawn

__all__ = ["geometry_matrices", "warp"]

SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466),
    *(0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578),
    *(0.0017677118642428036, -0.007800708325034148),
)
REACH = len(SYM6) // 4  # pixels that the filter reaches past the image, at its own resolution
DELAY = 0.5  # the filter's centre of mass lies half a pixel, at twice the resolution, before the middle of its taps


def geometry_matrices(drawn: Drawn, side: int) -> Tensor:
    """The transform of each image, float64 ``[N, 3, 3]`` on the CPU, from input to output coordinates."""
    p, strength = drawn.p, drawn.strengths
    matrix = torch.eye(3, dtype=torch.float64).expand(len(drawn), 3, 3)

    flip = drawn.chosen("x_flip", p * strength.x_flip) & (drawn["x_flip_side"] < 0.5)
    matrix = _scale(torch.where(flip, -1.0, 1.0).double(), torch.ones(len(drawn), dtype=torch.float64)) @ matrix
    turns = torch.where(drawn.chosen("rotate90", p * strength.rotate90), (4 * drawn["rotate90_turns"]).floor(), 0.0)
    matrix = _rotate(turns * math.pi / 2) @ matrix
    moved = drawn.chosen("x_int", p * strength.x_int)
    shifts = [torch.where(moved, ((2 * drawn[axis] - 1) * 0.125 * side).round(), 0.0) for axis in ("x_int_x", "x_int_y")]
    matrix = _translate(*shifts) @ matrix

    scale = torch.where(drawn.chosen("scale", p * strength.scale), (0.2 * drawn["scale_by"]).exp2(), 1.0)
    matrix = _scale(scale, scale) @ matrix
    once = 1 - math.sqrt(1 - min(1.0, p * strength.rotate))  # of two rotations, so that either happens with p
    matrix = _rotate(_angle(drawn, "rotate_before", once)) @ matrix
    stretch = torch.where(drawn.chosen("aniso", p * strength.aniso), (0.2 * drawn["aniso_by"]).exp2(), 1.0)
    matrix = _scale(stretch, 1 / stretch) @ matrix
    matrix = _rotate(_angle(drawn, "rotate_after", once)) @ matrix
    moved = drawn.chosen("x_frac", p * strength.x_frac)
    shifts = [torch.where(moved, 0.125 * side * drawn[axis], 0.0) for axis in ("x_frac_x", "x_frac_y")]
    return _translate(*shifts) @ matrix


def _angle(drawn: Drawn, name: str, probability: float) -> Tensor:
    return torch.where(drawn.chosen(name, probability), (2 * drawn[f"{name}_angle"] - 1) * math.pi, 0.0)


def _scale(x: Tensor, y: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], dim=1))


def _rotate(angle: Tensor) -> Tensor:
    quarter = angle / (math.pi / 2)
    whole = quarter == quarter.round()  # quarter turns are exact
    cos = torch.where(whole, angle.cos().round(), angle.cos())
    sin = torch.where(whole, angle.sin().round(), angle.sin())
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    rows = [[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _translate(x: Tensor, y: Tensor) -> Tensor:
    matrix = torch.eye(3, dtype=torch.float64).repeat(len(x), 1, 1)
    matrix[:, 0, 2], matrix[:, 1, 2] = x, y
    return matrix


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Warp those images ``[N, C, R, R]`` whose matrix ``[N, 3, 3]`` changes anything. Edges are reflected."""
    changed = (matrices != torch.eye(3, dtype=matrices.dtype)).any(dim=2).any(dim=1).nonzero()[:, 0]
    if not len(changed):
        return images
    where = changed.to(images.device)
    return images.index_copy(0, where, _warp(images[where], matrices[changed]))


def _warp(x: Tensor, matrices: Tensor) -> Tensor:
    side = x.shape[-1]
    inverse = torch.linalg.inv(matrices)
    margin = _margin(inverse, side)
    x = F.pad(x, (margin, margin, margin, margin), mode="reflect")
    x = upfirdn(x, SYM6, up=2, pad=(len(SYM6) // 2, len(SYM6) // 2 - 1), gain=4.0)
    out = 2 * (side + 2 * REACH)
    warped: Tensor = _Warped.apply(x, _pixel_matrices(inverse, x.shape[-1], out), out)  # type: ignore[no-untyped-call]
    return upfirdn(warped, SYM6[::-1], down=2, pad=(REACH - 4, REACH - 4))


def _margin(inverse: Tensor, side: int) -> int:
    """Pixels to add on each side, so that every output pixel with the filter's reach has an input; at most a reflection."""
    half = (side - 1) / 2
    corners = torch.tensor([[-half, half, -half, half], [-half, -half, half, half], [1.0] * 4], dtype=inverse.dtype)
    furthest = float((inverse @ corners)[:, :2].abs().max())
    return min(math.ceil(max(0.0, furthest - half)) + 2 * REACH, side - 1)


def _pixel_matrices(inverse: Tensor, side_in: int, side_out: int) -> Tensor:
    """From pixel indices of the image at twice the resolution to those of the result, ``[N, 2, 3]`` float32."""
    delay = torch.tensor([-DELAY], dtype=inverse.dtype)
    double, half = torch.tensor([2.0], dtype=inverse.dtype), torch.tensor([0.5], dtype=inverse.dtype)
    backward = _translate(delay, delay) @ _scale(double, double) @ inverse @ _scale(half, half) @ _translate(-delay, -delay)
    middle_in, middle_out = ((torch.tensor([(side - 1) / 2], dtype=inverse.dtype)) for side in (side_in, side_out))
    backward = _translate(middle_in, middle_in) @ backward @ _translate(-middle_out, -middle_out)
    return torch.linalg.inv(backward)[:, :2].float()  # type: ignore[no-any-return]


def _warped(x: Tensor, matrices: Tensor, side: int) -> Tensor:
    from kornia.geometry.transform import warp_affine  # noqa: PLC0415 (slow to import)

    return warp_affine(x, matrices.to(x), (side, side), align_corners=True)


class _Warped(torch.autograd.Function):
    """A warp is linear in the image: its derivative is its transpose, whose derivative is the warp.

    PyTorch's own sampling is not twice differentiable in every version, and R1 behind an augmentation needs that.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrices: Tensor, side: int) -> Tensor:
        ctx.matrices, ctx.side_in, ctx.side = matrices, x.shape[-1], side
        return _warped(x, matrices, side)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return _WarpTransposed.apply(grads[0], ctx.matrices, ctx.side_in, ctx.side), None, None  # type: ignore[no-untyped-call]


class _WarpTransposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, matrices: Tensor, side_in: int, side: int) -> Tensor:
        ctx.matrices, ctx.side = matrices, side
        with torch.enable_grad():
            x = y.new_zeros(*y.shape[:2], side_in, side_in).requires_grad_()
            return torch.autograd.grad(_warped(x, matrices, side), x, y)[0]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        return _Warped.apply(grads[0], ctx.matrices, ctx.side), None, None, None  # type: ignore[no-untyped-call]
