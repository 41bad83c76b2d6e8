"""The 68 landmarks of a face, in dlib's order, and their mean shape.

    0-16 jaw, ear to ear    17-21, 22-26 brows    27-30 bridge of the nose    31-35 its base
    36-41, 42-47 eyes       48-59 outer lips      60-67 inner lips

Every row runs from the left of the image to its right; eyes and lips return along their lower edge.
"""

import numpy as np
from numpy.typing import NDArray
from skimage import transform

from ..errors import ImageError

__all__ = ["MEAN_SHAPE", "MIRROR", "Array", "anchors", "similarity"]

Array = NDArray[np.float64]

# The left half of the image, in units of the detector's box: (0, 0) is its centre, (0.5, 0.5) its lower right corner.
# Eyes, mouth, nose and chin are means over the boxes of the hundred faces that scikit-image ships
# and of three portraits measured by hand; the other points were drawn around them.
LEFT_HALF = {
    **dict(enumerate([(-0.375, -0.12), (-0.37, 0.0), (-0.355, 0.12), (-0.33, 0.235), (-0.285, 0.345)])),
    **dict(enumerate([(-0.225, 0.435), (-0.155, 0.505), (-0.08, 0.55), (0.0, 0.56)], start=5)),
    **dict(enumerate([(-0.31, -0.235), (-0.265, -0.275), (-0.205, -0.285), (-0.145, -0.275), (-0.09, -0.25)], start=17)),
    **dict(enumerate([(0.0, -0.125), (0.0, -0.06), (0.0, 0.005), (0.0, 0.07)], start=27)),
    **dict(enumerate([(-0.07, 0.12), (-0.035, 0.13), (0.0, 0.14)], start=31)),
    **dict(enumerate([(-0.285, -0.127), (-0.227, -0.157), (-0.167, -0.157)], start=36)),
    **dict(enumerate([(-0.105, -0.125), (-0.165, -0.107), (-0.225, -0.107)], start=39)),
    **dict(enumerate([(-0.185, 0.265), (-0.115, 0.23), (-0.045, 0.212), (0.0, 0.22)], start=48)),
    **dict(enumerate([(0.0, 0.34), (-0.05, 0.335), (-0.115, 0.31)], start=57)),
    **dict(enumerate([(-0.155, 0.265), (-0.05, 0.25), (0.0, 0.253)], start=60)),
    **dict(enumerate([(0.0, 0.29), (-0.05, 0.285)], start=66)),
}
# MIRROR[k]: the index of point k in a mirrored image.
MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(*range(54, 47, -1), *range(59, 54, -1)),
    *(*range(64, 59, -1), *range(67, 64, -1)),
)


def _mean_shape() -> Array:
    shape = np.full((68, 2), np.nan)
    for index, (x, y) in LEFT_HALF.items():
        shape[index] = x, y
        shape[MIRROR[index]] = -x, y
    return shape


MEAN_SHAPE = _mean_shape()  # [68, 2]


def anchors(landmarks: Array) -> tuple[Array, Array, Array]:
    """Centres of the left eye, the right eye and the mouth, each ``[2]``: all that FFHQ's alignment uses."""
    return landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0), landmarks[[48, 54]].mean(axis=0)


def similarity(source: Array, target: Array) -> Array:
    """The similarity transform ``[3, 3]`` that maps points ``[N, 2]`` closest to others (Umeyama 1991).

    Raises:
        ImageError: the points coincide or are not finite.
    """
    known = np.isfinite(source).all() and np.isfinite(target).all()
    found = transform.estimate_transform("similarity", source, target) if known else None  # type: ignore[no-untyped-call]
    matrix = getattr(found, "params", None)  # a failure has no params, or NaN before scikit-image 0.26
    if matrix is None or not np.isfinite(matrix).all():
        raise ImageError("the landmarks coincide or are not finite: expected landmarks that span a face")
    return np.asarray(matrix, dtype=np.float64)
