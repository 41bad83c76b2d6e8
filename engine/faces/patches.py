"""What of a drawing goes into the photo of a face: a simple outline of the crop, or the shape of the head or the face."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor

from ..errors import ImageError
from ..images import check
from .compose import Composed, compose
from .frame import FRAME, INNER, TOP, frame_matrix, framed
from .parsing import FaceParser, bundled_parser
from .paste import Outline, Patch, feathered, matched
from .shape import Array
from .shapes import Shapes, find_shapes
from .warp import apply, inverse, normalised, scaling

if TYPE_CHECKING:
    from .face import Face

__all__ = ["Region", "mask_of_face", "patch_of_face"]

log = logging.getLogger(__name__)

Region = Literal["head", "face", "oval", "square"]

OUTLINES: dict[Region, Outline] = {"head": "oval", "face": "hull", "oval": "oval", "square": "square"}
"""By which outline a region is cut; head and face only where their shapes are not known."""
MASK = 256  # side of the mask of an outline, so that it does not depend on the crop that is pasted
HULL = 0.02  # softness of what landmarks enclose, in sides
OUTER = 0.1  # width in which a frame's changes fade at its edge, in sides


def patch_of_face(
    face: Face,
    crop: Tensor,
    shape: tuple[int, int],
    *,
    feather: float,
    region: Region,
    match_color: bool,
    parser: FaceParser | None = None,
) -> Patch:
    """What goes into a photo of `shape`, or into a copy of it in another size.

    Raises:
        ImageError: `crop` is not one square picture, or `shape` is not that of the photo.
    """
    check(crop, batch=1)
    size = crop.shape[-1]
    if crop.shape[-2] != size:
        raise ImageError(f"an aligned crop is square, not {size} x {crop.shape[-2]} pixels")
    crop, matrix = crop.float(), _matrix_in(face, shape)
    shapes = _shapes(face, crop, region, parser)
    if shapes is not None:
        composed = _composed(face, crop, shapes, feather, match_color)
        return Patch(composed.image, composed.mask, _framed(face, shape), composed.tone)
    if match_color:
        crop = matched(crop, face.crop.to(crop), feather, face.inside)
    return Patch(crop, _alpha(face, feather, region).to(crop), matrix)


def mask_of_face(
    face: Face, crop: Tensor, shape: tuple[int, int], *, feather: float, region: Region, parser: FaceParser | None = None
) -> Patch:
    """A patch of ones where `patch_of_face` changes anything."""
    matrix = _matrix_in(face, shape)
    ones = torch.ones(1, 1, 1, 1)
    shapes = _shapes(face, crop.float().cpu(), region, parser)
    if shapes is None:
        return Patch(ones, _alpha(face, feather, region), matrix)
    composed = _composed(face, crop.float().cpu(), shapes, feather, match_color=False)
    touched = torch.maximum(shapes.kept_skin, shapes.kept_hair) * (composed.tone != 0).any(dim=1, keepdim=True)
    return Patch(ones, torch.maximum(composed.mask, touched), _framed(face, shape))


def _shapes(face: Face, crop: Tensor, region: Region, parser: FaceParser | None) -> Shapes | None:
    """The shapes of photo and drawing, or None where only an outline will do."""
    if region not in get_args(Region):
        raise ValueError(f"region is {region!r}: expected {', '.join(get_args(Region))}")
    if region not in {"head", "face"}:
        return None
    parser = parser or bundled_parser()
    if parser is None:
        return None
    landmarks = _landmarks(face)
    hull = framed(feathered(INNER, HULL, "hull", landmarks)).to(crop)
    chin = (float(landmarks[8, 1]) + TOP) * INNER / FRAME
    shapes = find_shapes(face.surroundings.to(crop), crop, hull, chin, "head" if region == "head" else "face", parser)
    if shapes is None:
        log.warning("the parts of this face could not be told apart: an outline is taken in the place of its %s", region)
    return shapes


def _composed(face: Face, crop: Tensor, shapes: Shapes, feather: float, match_color: bool) -> Composed:
    inner, outer = (feathered(side, width, "square", _landmarks(face)) for side, width in ((INNER, feather), (FRAME, OUTER)))
    return compose(face.surroundings.to(crop), crop, shapes, framed(inner).to(crop), outer.to(crop), match_color)


def _alpha(face: Face, feather: float, region: Region) -> Tensor:
    if region == "square" and face.is_whole:
        return torch.ones(1, 1, 1, 1)
    return feathered(MASK, feather, OUTLINES[region], _landmarks(face))


def _numbers(matrix: Tensor) -> Array:
    array: Array = matrix.double().cpu().numpy()
    return array


def _landmarks(face: Face) -> Array:
    """``[68, 2]`` between 0 and 1, the outer edges of the crop."""
    places = apply(inverse(_numbers(face.matrix)), _numbers(face.landmarks))
    return (places + 0.5) / face.size


def _matrix_in(face: Face, shape: tuple[int, int]) -> Array:
    """From a photo of `shape` to the square from -1 to 1 that the crop fills."""
    return normalised((face.size, face.size)) @ inverse(_resized(face, shape) @ _numbers(face.matrix))


def _framed(face: Face, shape: tuple[int, int]) -> Array:
    """The same for the frame around the crop."""
    return normalised((FRAME, FRAME)) @ inverse(_resized(face, shape) @ frame_matrix(_numbers(face.matrix), face.size))


def _resized(face: Face, shape: tuple[int, int]) -> Array:
    height, width = face.photo_shape
    if abs(shape[0] * width - shape[1] * height) > max(shape[0], shape[1], height, width):
        raise ImageError(
            f"this face is from a photo of {width} x {height} pixels, and the picture to paste onto has "
            f"{shape[1]} x {shape[0]}: give that photo, in any size"
        )
    return scaling(face.photo_shape, shape)
