"""From a photo to its faces: detect, find the landmarks, cut."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from .. import images
from ..errors import Advice, ImageError, NoFaceError
from ..images import Source
from . import ffhq
from .detect import Box, detect
from .face import Face
from .frame import FRAME, frame_matrix
from .landmarkers import LandmarkerName, landmarker_of
from .landmarks import Landmarker
from .shape import MEAN_SHAPE, Array, similarity
from .warp import apply, warp

__all__ = ["Detector", "align", "aligned_box", "crop_by_hand"]

log = logging.getLogger(__name__)

Detector = Callable[[Tensor], list[Box]]

ALIGNED = 0.1  # furthest that a corner of the crop may lie from the picture's own, in sides; photos' crops lie within 0.02
NO_FACE = Advice(
    python="if it is a single face already, cut as FFHQ is, declare it so (aligned=True); else turn the picture upright, look "
    "for smaller faces (detect(smallest=0.02)), or cut it by hand (crop_by_hand), as profiles, drawings and animals need",
    command="if it is a single face already, cut as FFHQ is, add --aligned; else turn the picture upright, or crop it to a "
    "square around the head, as profiles, drawings and animals need, and add --aligned",
    node="turn it upright, or set mode of Align Faces to give the square around the face by hand, as profiles, drawings and "
    "animals need",
)
NOT_SQUARE = Advice(
    python="let its face be found (aligned=None), or cut it (crop_by_hand)",
    command="leave --aligned out, so that its face is found, or crop it to a square",
    node="let Align Faces find the face, or give the square by hand",
)
BOX_IN_CROP = 0.64  # side of the detector's box in an aligned picture


def align(
    image: Tensor | Source,
    size: int = 1024,
    *,
    landmarker: Landmarker | LandmarkerName = "auto",
    detector: Detector | None = None,
    supersample: bool = True,
    aligned: bool | None = None,
    limit: int | None = None,
) -> list[Face]:
    """Every face of a photo, cut out as FFHQ's were; the largest first.

    Args:
        image: ``[1, 3, H, W]`` in [-1, 1], or anything that `images.read` takes.
        size: side of the crops in pixels.
        landmarker: finds eyes and mouth: a name as `landmarker_of` takes it, or anything that is called as a `Landmarker`.
        detector: gives boxes for a picture ``[1, 3, H, W]``; `detect` by default.
        supersample: as FFHQ, AgileGAN and BlendGAN do; False gives the pixels that pSp and related encoders were
            evaluated on, which are slightly aliased.
        aligned: the picture is a single aligned face already, and is only resized. None finds out.
        limit: how many faces to cut at most.

    Raises:
        NoFaceError: no face was found.
        ImageError: the picture can't be read, or is declared aligned and not square; or size or limit are less than 1.
        PasticheError: no landmarker has that name, or its weights are not there.
    """
    if size < 1 or (limit is not None and limit < 1):
        raise ImageError(f"size is {size} and limit is {limit}: both are at least 1")
    photo = image if isinstance(image, Tensor) else images.read(image)
    images.check(photo, batch=1)
    if aligned:
        return [_whole(photo, size)]
    boxes = (detector or detect)(photo)[:limit]
    if not boxes:
        height, width = photo.shape[-2:]
        raise NoFaceError(f"no face was found in this picture of {width} x {height} pixels", NO_FACE)
    find = landmarker_of(landmarker) if isinstance(landmarker, str) else landmarker
    points = [find(photo, box) for box in boxes]
    if aligned is None and _is_whole(photo, points[0]):
        log.info("the picture is an aligned face already, and is used as it is")
        return [_whole(photo, size, points[0], boxes[0])]
    return [_face(photo, size, lm, box, supersample) for lm, box in zip(points, boxes, strict=True)]


def crop_by_hand(
    image: Tensor | Source,
    *,
    square: Sequence[float] | None = None,
    points: Sequence[Sequence[float]] | Tensor | None = None,
    size: int = 1024,
    supersample: bool = True,
) -> Face:
    """The crop of a face that no detector finds: of an animal, a statue, a profile, a drawing.

    Args:
        image: as for `align`.
        square: left, top, right and bottom of the crop itself in pixels, hair and chin included; if it is
            not square, the longer side counts. Or:
        points: x, y of the left eye, the right eye (as seen in the picture) and the middle of the mouth; or
            of its two corners, for four points in all.
        size, supersample: as for `align`.

    Raises:
        ImageError: neither or both are given, their numbers are wrong, or the crop misses the picture.
    """
    if size < 1:
        raise ImageError(f"size is {size}: a crop has at least one pixel")
    photo = image if isinstance(image, Tensor) else images.read(image)
    images.check(photo, batch=1)
    if (square is None) == (points is None):
        raise ImageError("a crop by hand needs either a square or points, and not both")
    corners = _square_corners(square) if square is not None else _point_corners(points)
    landmarks = _mean_face(corners)
    return _cut(photo, corners, size, torch.from_numpy(landmarks), _box_in(corners), supersample)


def aligned_box(side: int) -> Box:
    """What the detector would say of the face in an aligned picture of `side` pixels: for a `Landmarker`."""
    return _box_in(_edges(side))


# --- cutting -------------------------------------------------------------------------------------


def _face(photo: Tensor, size: int, landmarks: Tensor, box: Box, supersample: bool) -> Face:
    return _cut(photo, ffhq.quad(landmarks.double().cpu().numpy()), size, landmarks, box, supersample)


def _cut(photo: Tensor, corners: Array, size: int, landmarks: Tensor, box: Box, supersample: bool) -> Face:
    crop = ffhq.cut(photo, corners, size, supersample=4 if supersample else 1)
    around = _surroundings(photo, crop.matrix, size)
    return Face(crop.image, around, torch.from_numpy(crop.matrix), landmarks, box, (photo.shape[-2], photo.shape[-1]))


def _surroundings(photo: Tensor, matrix: Array, size: int) -> Tensor:
    return warp(photo, frame_matrix(matrix, size), FRAME).clamp(-1, 1)


def _whole(photo: Tensor, size: int, landmarks: Tensor | None = None, box: Box | None = None) -> Face:
    """A picture that is one aligned face."""
    height, width = photo.shape[-2:]
    if height != width:
        raise ImageError(f"an aligned picture is square, not {width} x {height} pixels", NOT_SQUARE)
    corners = _edges(width)
    scale = width / size
    matrix = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1]])
    if landmarks is None:
        landmarks = torch.from_numpy(_mean_face(corners))
    crop = images.resize(photo.float(), size)
    around = _surroundings(photo, matrix, size)
    return Face(crop, around, torch.from_numpy(matrix), landmarks, box or _box_in(corners), (height, width))


def _is_whole(photo: Tensor, landmarks: Tensor) -> bool:
    """Whether a face fills the picture as it would fill an aligned one."""
    height, width = photo.shape[-2:]
    if height != width:
        return False
    off = ffhq.quad(landmarks.double().cpu().numpy()) - _edges(width)
    return bool(np.hypot(*off.T).max() < ALIGNED * width)


# --- corners -------------------------------------------------------------------------------------


def _edges(side: int) -> Array:
    """Corners of a whole square picture, in the order of `ffhq.quad`."""
    low, high = -0.5, side - 0.5
    return np.array([(low, low), (low, high), (high, high), (high, low)])


def _square_corners(square: Sequence[float]) -> Array:
    if len(square) != 4 or square[2] <= square[0] or square[3] <= square[1]:
        raise ImageError(f"a square is left, top, right and bottom, in growing order, not {list(square)}")
    left, top, right, bottom = square
    half = max(right - left, bottom - top) / 2
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    return middle - 0.5 + half * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)])


def _point_corners(points: Sequence[Sequence[float]] | Tensor | None) -> Array:
    given = np.asarray(points, dtype=np.float64)
    if given.shape not in {(3, 2), (4, 2)}:
        raise ImageError(f"points are two eyes and the mouth, or its two corners: [3, 2] or [4, 2], not {list(given.shape)}")
    return ffhq.quad_of(given[0], given[1], given[2:].mean(axis=0))


def _mean_face(corners: Array) -> Array:
    """The mean shape, as it stands in a crop with these corners."""
    return apply(similarity(ffhq.quad(MEAN_SHAPE), corners), MEAN_SHAPE)


def _box_in(corners: Array) -> Box:
    """What the detector would have said of a crop with these corners."""
    x, y = (float(value) for value in corners.mean(axis=0))
    across = corners[3] - corners[0]
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    return Box.around(x, y, float(np.hypot(*across)) * BOX_IN_CROP, angle=angle)
