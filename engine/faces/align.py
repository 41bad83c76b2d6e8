"""Cut the faces out of a photo: detect, find landmarks, align."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .. import images
from ..errors import Advice, ImageError, NoFaceError
from ..images import Source
from . import ffhq
from .box import Box
from .detect import detect
from .face import Face
from .frame import FRAME, INNER, frame_matrix, framed
from .landmarkers import LandmarkerName, landmarker_of
from .landmarks import Landmarker
from .shape import MEAN_SHAPE, Array
from .warp import warp

__all__ = ["Detector", "align", "aligned_box", "crop_by_hand", "cut_face"]

log = logging.getLogger(__name__)

Detector = Callable[[Tensor], list[Box]]

ALIGNED = 0.1  # largest distance of a corner of the FFHQ crop from the image corner, in sides; aligned photos stay under 0.02
NO_FACE = Advice(
    python="if it is a single aligned face, pass aligned=True; otherwise turn the picture upright, search for smaller faces "
    "with detect(smallest=0.02), or crop it with crop_by_hand, which profiles, drawings and animals need",
    command="if it is a single aligned face, add --aligned; otherwise turn the picture upright, or crop it to a square around "
    "the head and add --aligned, which profiles, drawings and animals need",
    node="turn it upright, or set mode of Align Faces to a square by hand, which profiles, drawings and animals need",
)
NOT_SQUARE = Advice(
    python="let the detector find the face (aligned=None), or crop it with crop_by_hand",
    command="leave --aligned out to detect the face, or crop the picture to a square",
    node="let Align Faces find the face, or set the square by hand",
)
PLANE = np.array([1, 1j])  # points as complex numbers, where a product turns and scales
BOX_IN_CROP = 0.64  # side of the detector's box, in sides of an aligned crop


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
    """Detect every face of a photo and cut it out with FFHQ's alignment, largest first.

    Args:
        image: ``[1, 3, H, W]`` in [-1, 1], or any source that `images.read` accepts.
        size: side of the crops in pixels.
        landmarker: a name that `landmarker_of` accepts, or a `Landmarker`.
        detector: maps an image ``[1, 3, H, W]`` to boxes; `detect` by default.
        supersample: draw at four times the size and reduce, as FFHQ, AgileGAN and BlendGAN do. False gives the slightly
            aliased pixels that pSp and related encoders were evaluated on.
        aligned: True declares a single aligned face, which is only resized. None decides from the landmarks.
        limit: largest number of faces to cut.

    Raises:
        NoFaceError: no face was found.
        ImageError: the image can't be read, is declared aligned but not square, or `size` or `limit` is less than 1.
        PasticheError: the landmarker's name is unknown, or its weights are missing.
    """
    if size < 1 or (limit is not None and limit < 1):
        raise ImageError(f"size is {size} and limit is {limit}: both must be at least 1")
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
        log.info("the picture is already an aligned face: it is only resized")
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
    """Crop a face that the detector misses: an animal, a statue, a profile or a drawing.

    Args:
        image: as for `align`.
        square: left, top, right and bottom of the crop in pixels, hair and chin included. If it is not square, the longer side
            counts.
        points: instead of `square`, x and y of the left eye, the right eye (as seen in the image) and the centre of the mouth,
            or of its two corners, for four points in all.
        size, supersample: as for `align`.

    Raises:
        ImageError: neither or both are given, their numbers are wrong, or the crop misses the image.
    """
    if size < 1:
        raise ImageError(f"size is {size}: it must be at least 1 pixel")
    photo = image if isinstance(image, Tensor) else images.read(image)
    images.check(photo, batch=1)
    if (square is None) == (points is None):
        raise ImageError("a crop by hand needs either square or points, not both and not neither")
    corners = _square_corners(square) if square is not None else _point_corners(points)
    landmarks = _mean_face(corners)
    return _cut(photo, corners, size, torch.from_numpy(landmarks), _box_in(corners), supersample)


def aligned_box(side: int) -> Box:
    """The box that the detector would find in an aligned image of `side` pixels, for a `Landmarker`."""
    return _box_in(_edges(side))


def cut_face(photo: Tensor, corners: Array, landmarks: Array, size: int, *, score: float = 1.0) -> Face:
    """The face within a square that is known already: of a video's frame, for example.

    Args:
        photo: ``[1, 3, H, W]`` in [-1, 1].
        corners: of the square, ``[4, 2]`` in pixel indices, in the order of `ffhq.quad`.
        landmarks: ``[68, 2]`` in pixel indices.
        size: side of the crop in pixels.
        score: how sure it is that this is a face.

    Raises:
        ImageError: the square lies outside of the photo, or is far larger than it.
    """
    box = replace(_box_in(corners), score=score)
    return _cut(photo, corners, size, torch.from_numpy(landmarks), box, supersample=True)


def _face(photo: Tensor, size: int, landmarks: Tensor, box: Box, supersample: bool) -> Face:
    return _cut(photo, ffhq.quad(landmarks.double().cpu().numpy()), size, landmarks, box, supersample)


def _cut(photo: Tensor, corners: Array, size: int, landmarks: Tensor, box: Box, supersample: bool) -> Face:
    crop = ffhq.cut(photo, corners, size, supersample=4 if supersample else 1)
    around = _surroundings(photo, crop.matrix, size)
    return Face(crop.image, around, torch.from_numpy(crop.matrix), landmarks, box, (photo.shape[-2], photo.shape[-1]))


def _surroundings(photo: Tensor, matrix: Array, size: int) -> Tensor:
    return warp(photo, frame_matrix(matrix, size), FRAME).clamp(-1, 1)


def _whole(photo: Tensor, size: int, landmarks: Tensor | None = None, box: Box | None = None) -> Face:
    """The face of an image that is already one aligned crop."""
    height, width = photo.shape[-2:]
    if height != width:
        raise ImageError(f"an aligned picture must be square, and this one has {width} x {height} pixels", NOT_SQUARE)
    corners = _edges(width)
    scale = width / size
    matrix = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1]])
    if landmarks is None:
        landmarks = torch.from_numpy(_mean_face(corners))
    crop = images.resize(photo.float(), size)
    around = framed(images.resize(photo.float(), INNER, "bilinear").clamp(-1, 1), onwards=True)  # as `_surroundings`, sooner
    return Face(crop, around, torch.from_numpy(matrix), landmarks, box or _box_in(corners), (height, width))


def _is_whole(photo: Tensor, landmarks: Tensor) -> bool:
    """Whether the FFHQ crop of these landmarks is the whole image."""
    height, width = photo.shape[-2:]
    if height != width:
        return False
    off = ffhq.quad(landmarks.double().cpu().numpy()) - _edges(width)
    return bool(np.hypot(*off.T).max() < ALIGNED * width)


def _edges(side: int) -> Array:
    """Corners ``[4, 2]`` of a whole square image, in the order of `ffhq.quad`."""
    low, high = -0.5, side - 0.5
    return np.array([(low, low), (low, high), (high, high), (high, low)])


def _square_corners(square: Sequence[float]) -> Array:
    if len(square) != 4 or square[2] <= square[0] or square[3] <= square[1]:
        raise ImageError(f"square must be left, top, right, bottom with left < right and top < bottom, not {list(square)}")
    left, top, right, bottom = square
    half = max(right - left, bottom - top) / 2
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    return middle - 0.5 + half * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)])


def _point_corners(points: Sequence[Sequence[float]] | Tensor | None) -> Array:
    given = np.asarray(points, dtype=np.float64)
    if given.shape not in {(3, 2), (4, 2)}:
        raise ImageError(f"points must be two eyes and the mouth, or its corners: [3, 2] or [4, 2], not {list(given.shape)}")
    return ffhq.quad_of(given[0], given[1], given[2:].mean(axis=0))


def _mean_face(corners: Array) -> Array:
    """The mean shape ``[68, 2]`` at its place in a crop with these corners: one side of both squares says how it lies."""
    square = ffhq.quad(MEAN_SHAPE) @ PLANE
    turned = (corners[3] - corners[0]) @ PLANE / (square[3] - square[0])
    places = corners[0] @ PLANE + (MEAN_SHAPE @ PLANE - square[0]) * turned
    return np.stack([places.real, places.imag], axis=1)


def _box_in(corners: Array) -> Box:
    """The box that the detector would find in a crop with these corners."""
    x, y = (float(value) for value in corners.mean(axis=0))
    across = corners[3] - corners[0]
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    return Box.around(x, y, float(np.hypot(*across)) * BOX_IN_CROP, angle=angle)
