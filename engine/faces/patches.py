"""The patch that replaces a face: a simple outline of the crop, or the parsed shape of the head or the face."""

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

__all__ = ["Region", "patch_of_face", "patch_of_shapes", "shapes_of_face"]

log = logging.getLogger(__name__)

Region = Literal["head", "face", "oval", "square"]

OUTLINES: dict[Region, Outline] = {"head": "oval", "face": "hull", "oval": "oval", "square": "square"}
"""The outline of each region; of head and face only if parsing fails."""
MASK = 256  # side of an outline's mask, independent of the pasted crop
HULL = 0.02  # softness of the hull of the landmarks, in sides
OUTER = 0.1  # width of the fade at the frame's edge, in sides


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
    """The patch to blend into a photo of `shape`, which may be a resized copy.

    Raises:
        ImageError: `crop` is not one square image, or `shape` does not have the proportions of the photo.
        ValueError: `region` is unknown.
    """
    shapes = _shapes(face, _checked(crop), region, parser)
    return patch_of_shapes(face, crop, shape, shapes, feather=feather, region=region, match_color=match_color)


def patch_of_shapes(
    face: Face,
    crop: Tensor,
    shape: tuple[int, int],
    shapes: Shapes | None,
    *,
    feather: float,
    region: Region,
    match_color: bool,
) -> Patch:
    """`patch_of_face` with shapes that are known already; those of a video are smoothed in time.

    Args:
        face: a face of the photo.
        crop: its drawing, ``[1, 3, T, T]`` in [-1, 1].
        shape: height and width.
        shapes: from `shapes_of_face`; None takes an outline in the place of the region.
        feather, region, match_color: as for `Face.paste`.

    Raises:
        ImageError: as `patch_of_face`.
    """
    crop, matrix = _checked(crop), _matrix_in(face, shape)
    if shapes is not None:
        composed = _composed(face, crop, shapes, feather, match_color)
        shifted = torch.maximum(shapes.kept_skin, shapes.kept_hair) * (composed.tone != 0).any(dim=1, keepdim=True)
        changed = torch.maximum(composed.mask, shifted)
        return Patch(composed.image, composed.mask, _framed(face, shape), composed.tone, changed)
    if match_color:
        crop = matched(crop, face.crop.to(crop), feather, face.inside)
    return Patch(crop, _alpha(face, feather, region).to(crop), matrix)


def _checked(crop: Tensor) -> Tensor:
    check(crop, batch=1)
    size = crop.shape[-1]
    if crop.shape[-2] != size:
        raise ImageError(f"an aligned crop must be square, and this one has {size} x {crop.shape[-2]} pixels")
    return crop.float()


def _shapes(face: Face, crop: Tensor, region: Region, parser: FaceParser | None) -> Shapes | None:
    """The same, with a warning where a shape is asked for and not known."""
    shapes = shapes_of_face(face, crop, region, parser)
    if shapes is None and region in {"head", "face"} and (parser or bundled_parser()) is not None:
        log.warning("this face could not be segmented: an outline replaces the shape of its %s", region)
    return shapes


def shapes_of_face(face: Face, crop: Tensor, region: Region, parser: FaceParser | None = None) -> Shapes | None:
    """The shapes of photo and drawing ``[1, 3, T, T]``, or None where only an outline will do.

    Raises:
        ValueError: there is no such region.
    """
    if region not in get_args(Region):
        raise ValueError(f"region is {region!r}: expected one of {', '.join(get_args(Region))}")
    if region not in {"head", "face"}:
        return None
    parser = parser or bundled_parser()
    if parser is None:
        return None
    landmarks = _landmarks(face)
    hull = framed(feathered(INNER, HULL, "hull", landmarks)).to(crop)
    chin = (float(landmarks[8, 1]) + TOP) * INNER / FRAME
    return find_shapes(face.surroundings.to(crop), crop, hull, chin, "head" if region == "head" else "face", parser)


def _composed(face: Face, crop: Tensor, shapes: Shapes, feather: float, match_color: bool) -> Composed:
    inner, outer = (feathered(side, width, "square", _landmarks(face)) for side, width in ((INNER, feather), (FRAME, OUTER)))
    with torch.autocast(crop.device.type, enabled=False):  # colours have more than the 8 bits of bfloat16
        return compose(face.surroundings.to(crop), crop, shapes, framed(inner).to(crop), outer.to(crop), match_color)


def _alpha(face: Face, feather: float, region: Region) -> Tensor:
    if region == "square" and face.is_whole:
        return torch.ones(1, 1, 1, 1)
    return feathered(MASK, feather, OUTLINES[region], _landmarks(face))


def _numbers(matrix: Tensor) -> Array:
    array: Array = matrix.double().cpu().numpy()
    return array


def _landmarks(face: Face) -> Array:
    """``[68, 2]``, where 0 and 1 are the outer edges of the crop."""
    places = apply(inverse(_numbers(face.matrix)), _numbers(face.landmarks))
    return (places + 0.5) / face.size


def _matrix_in(face: Face, shape: tuple[int, int]) -> Array:
    """``[3, 3]`` from pixel indices of a photo of `shape` to the square [-1, 1] that the crop fills."""
    return normalised((face.size, face.size)) @ inverse(_resized(face, shape) @ _numbers(face.matrix))


def _framed(face: Face, shape: tuple[int, int]) -> Array:
    """``[3, 3]`` from pixel indices of a photo of `shape` to the square [-1, 1] that the frame fills."""
    return normalised((FRAME, FRAME)) @ inverse(_resized(face, shape) @ frame_matrix(_numbers(face.matrix), face.size))


def _resized(face: Face, shape: tuple[int, int]) -> Array:
    height, width = face.photo_shape
    if abs(shape[0] * width - shape[1] * height) > max(shape[0], shape[1], height, width):
        raise ImageError(
            f"this face comes from a photo of {width} x {height} pixels, and the picture to paste onto has "
            f"{shape[1]} x {shape[0]}: give that photo, in any size"
        )
    return scaling(face.photo_shape, shape)
