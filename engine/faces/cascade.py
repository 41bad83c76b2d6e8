"""Face detection without a neural network.

A cascade of local binary patterns (Liao et al. 2007; OpenCV's frontal-face file, which scikit-image bundles) proposes windows
on an image pyramid, coarsely and with its thresholds lowered. Each proposal is then verified: a real face is detected at many
neighbouring scales and angles and in the mirrored image, also with the thresholds raised. Wallpaper that happens to fit is
detected once or twice. The number of detections gives the score; their mean gives the box and the roll of the head.

The cascade does not find faces in profile. It was trained on 3000 faces from 2007 and is less reliable on dark skin and on
glasses. For that reason an image without a confident detection is searched a second time.
"""

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse.csgraph import connected_components
from skimage.feature import Cascade
from torch import Tensor

from ..images import check, luma, resize
from .box import Box

__all__ = ["CascadeDetector", "suppressed"]

Array = NDArray[np.float64]

WINDOW = 24  # side of the cascade's training faces, in pixels
SMALLEST = 12  # smallest face in pixels of the photo; details vanish below
PROPOSAL_STEP, PROPOSAL_SCALE = 2, 1.15  # stride in pixels and scale ratio of the coarse scan
COARSE = (-15.0, 0.0, 15.0), (0.7, 0.83, 1.0, 1.2, 1.44)  # angles in degrees and scales of the first verification,
FINE = (-20.0, -10.0, 0.0, 10.0, 20.0), (0.83, 0.91, 1.0, 1.1, 1.21)  # and of the second, around the result of the first
LOOSE, NORMAL, STRICT = -0.2, 0.0, 0.1  # added to the threshold of every stage: for proposals, and for the two verifications
SETTLING, STILL = 2, 0.05  # close verifications of a proposed box, at most; it stays if it moves less, in its size
ROLLS = 20.0  # degrees between the rolls that close verifications of proposals are made around
MARGIN = 9  # pixels around the window, at its own scale, that verification searches
LEAST_LOOSE_VOTES = 4  # loose detections that a proposal needs to be verified
STRICT_WEIGHT = 4  # votes of a strict detection; a plain one has 1
HALF_SCORE_VOTES = 90.0  # votes for a score of 0.5: most faces get 100 to 500, patterns without a face fewer than 60
CONFIDENT = 0.65  # score of an upright face that makes the search for tilted ones unnecessary
FALLBACK_SIDE = 0.1  # side of the box, as a fraction of the photo's longer side, from which the fallback accepts it
OVERLAP = 0.4  # intersection over the smaller area, from which two boxes are one face


class CascadeDetector:
    """Detects frontal faces, as `detect`, by the cascade alone.

    Args:
        smallest: side of the smallest face to search for, as a fraction of the photo's longer side. Time grows with its
            inverse square: about 0.4 s at 0.04, whatever the photo's size.
        threshold: score below which a detection is dropped.
        fallback: if no detection reaches `threshold`, the best large one with at least this score is returned.
        tilts: rolls of the head in degrees that are searched for if no upright face is certain.
    """

    def __init__(
        self,
        *,
        smallest: float = 0.04,
        threshold: float = 0.5,
        fallback: float = 0.3,
        tilts: Sequence[float] = (-30.0, 30.0),
    ) -> None:
        self.smallest, self.threshold, self.fallback, self.tilts = smallest, threshold, fallback, tilts

    def __call__(self, image: Tensor) -> list[Box]:
        """Detect every face, largest first; if none is certain, search again.

        Args:
            image: ``[1, 3, H, W]`` in [-1, 1].

        Raises:
            ImageError: `image` is not one image.
        """
        check(image, batch=1)
        scale = self._scale(image)
        upright = _search(_Copy(image, scale))
        least = 0.9 * WINDOW / scale
        found = suppressed([box for box in upright if box.score >= self.threshold and box.side > least])
        if max((box.score for box in found), default=0.0) < CONFIDENT:
            # At half the size: a tilted head is usually a portrait, and small patterns match at any angle.
            lying = [box for tilt in self.tilts for box in _search(_Copy(image, scale / 2, tilt))]
            found = suppressed(found + [box for box in lying if box.score >= self.threshold])
            found = found or _fallback(upright, max(image.shape[-2:]), self.fallback)
        return sorted(found, key=lambda box: box.side, reverse=True)

    def verify(self, image: Tensor, boxes: Sequence[Box]) -> list[Box | None]:
        """What the cascade finds near each box, at about its roll; None where it finds nothing.

        Args:
            image: ``[1, 3, H, W]`` in [-1, 1].

        Raises:
            ImageError: `image` is not one image.
        """
        check(image, batch=1)
        copy = _Copy(image, self._scale(image))
        return [copy.on_photo(near) if (near := _settled(copy.grey, copy.of_photo(box))) else None for box in boxes]

    def _scale(self, image: Tensor) -> float:
        """Of the copy in which the smallest face fills the window."""
        return WINDOW / max(self.smallest * max(image.shape[-2:]), SMALLEST)


def _fallback(boxes: list[Box], side: int, least: float) -> list[Box]:
    """The best uncertain detection, if it is large: a user who loads this image probably sees a face in it."""
    large = [box for box in boxes if box.score >= least and box.side > FALLBACK_SIDE * side]
    return sorted(large, key=lambda box: box.score)[-1:]


class _Copy:
    """A grey copy of an image to search.

    Args:
        image: ``[1, 3, H, W]`` in [-1, 1].
        scale: of the copy.
        tilt: clockwise roll in degrees of the heads that are upright in the copy.

    Attributes:
        grey: the copy with a margin, since faces may extend beyond the edge.
    """

    def __init__(self, image: Tensor, scale: float, tilt: float = 0.0) -> None:
        height, width = image.shape[-2:]
        small = _luma(image, max(round(height * scale), 1), max(round(width * scale), 1))
        self._zoom = np.array([width / small.width, height / small.height])
        self._margin = round(0.08 * max(small.size))
        padded = Image.fromarray(np.pad(np.asarray(small), self._margin, mode="edge"))
        self._tilt, self._centre = tilt, np.array(padded.size) / 2
        self.grey = padded.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=128) if tilt else padded

    def on_photo(self, box: Box) -> Box:
        """A box of the copy, in pixel edges, as one of the photo, in pixel indices."""
        middle = _rotation(self._tilt) @ (np.array(box.centre) - self._centre) + self._centre - self._margin
        x, y = middle * self._zoom - 0.5
        side = box.side * float(self._zoom.mean())
        return Box.around(float(x), float(y), side, score=box.score, angle=box.angle + self._tilt)

    def of_photo(self, box: Box) -> Box:
        """The inverse of `on_photo`."""
        middle = (np.array(box.centre) + 0.5) / self._zoom + self._margin
        x, y = _rotation(-self._tilt) @ (middle - self._centre) + self._centre
        side = box.side / float(self._zoom.mean())
        return Box.around(float(x), float(y), side, score=box.score, angle=box.angle - self._tilt)


def _luma(image: Tensor, height: int, width: int) -> Image.Image:
    """Luma at another size; a large photo is average-pooled first."""
    steps = min(image.shape[-2] // height, image.shape[-1] // width)
    small = torch.nn.functional.avg_pool2d(image, steps // 2) if steps >= 4 else image
    small = resize(small.to("cpu", torch.float32), (height, width), "bilinear")
    return Image.fromarray(luma(small)[0, 0].add(1).mul(127.5).round().clamp(0, 255).byte().numpy())


def _search(copy: _Copy) -> list[Box]:
    """Everything in a copy that may be a face within 20 degrees of upright, uncertain detections included."""
    grey = copy.grey
    places = [place for place in _proposals(grey) if _loose_votes(grey, *place) >= LEAST_LOOSE_VOTES]
    rough = [box for place in places if (box := _verified(grey, *place, COARSE))]
    found = [_verified(grey, *first.centre, first.side, FINE) for first in suppressed(rough)]
    return [copy.on_photo(box) for box in found if box]


def _settled(grey: Image.Image, box: Box) -> Box | None:
    """The face near a box that may be off by a quarter of its size: verified coarsely, then closely until it stays."""
    glances = (
        _windows(_cascade(LOOSE), _cut(grey, *box.centre, box.side * scale / WINDOW, box.angle), 1) for scale in COARSE[1]
    )
    if not any(len(glance) for glance in glances):
        return None
    found = _verified(grey, *box.centre, box.side, COARSE, box.angle)
    for _ in range(SETTLING):
        before, found = found, found and _verified(grey, *found.centre, found.side, FINE, _steady(found.angle))
        if not (before and found) or _distance(before, found) < STILL:
            break
    return found


def _steady(roll: float) -> float:
    """A roll in degrees to verify closely around: one for all nearly upright heads, so that boxes of a video do not tremble."""
    return ROLLS * round(roll / ROLLS)


def _distance(one: Box, other: Box) -> float:
    """The largest difference of place and size, in sizes of the box."""
    here, there = (np.array([*box.centre, box.side]) for box in (one, other))
    return float(np.abs(here - there).max() / other.side)


def _proposals(grey: Image.Image) -> list[tuple[float, float, float]]:
    """Centres and sides of possible faces, from every level of an image pyramid.

    The cascade could scale its window instead, but it rounds the cells of a scaled window to whole pixels.
    """
    squares = []
    side = float(WINDOW)
    while side <= min(grey.size):
        width, height = (max(round(length * WINDOW / side), WINDOW + 1) for length in grey.size)
        level = grey if side == WINDOW else grey.resize((width, height), Image.Resampling.BOX)
        ratio = np.array(grey.size) / (width, height)
        squares += [(*(answer + WINDOW / 2) * ratio, side) for answer in _windows(_cascade(LOOSE), level, PROPOSAL_STEP)]
        side *= PROPOSAL_SCALE
    return _clusters(np.array(squares).reshape(-1, 3))


def _clusters(squares: Array) -> list[tuple[float, float, float]]:
    """Means (x, y, side) of groups of squares that mostly overlap."""
    if not len(squares):
        return []
    _, labels = connected_components(_overlaps(squares, of_union=True) > 0.3, directed=False)
    means = [squares[labels == label].mean(axis=0) for label in range(labels.max() + 1)]
    return [(float(x), float(y), float(side)) for x, y, side in means]


def _overlaps(squares: Array, *, of_union: bool) -> Array:
    """Intersection over union, or over the smaller of the two, for each pair ``[N, N]``."""
    centre, half = squares[:, :2], squares[:, 2] / 2
    low = np.maximum(centre[:, None] - half[:, None, None], centre - half[:, None])
    high = np.minimum(centre[:, None] + half[:, None, None], centre + half[:, None])
    shared = (high - low).clip(0).prod(axis=-1)
    area = squares[:, 2] ** 2
    whole = area[:, None] + area - shared if of_union else np.minimum(area[:, None], area)
    return np.asarray(shared / whole)


def _loose_votes(grey: Image.Image, x: float, y: float, side: float) -> int:
    """Number of detections by the loose cascade at this scale, at two angles and in the mirrored image."""
    return sum(len(_votes(grey, x, y, side, angle, LOOSE)) for angle in (-10.0, 10.0))


def _verified(
    grey: Image.Image,
    x: float,
    y: float,
    side: float,
    around: tuple[tuple[float, ...], tuple[float, ...]],
    roll: float = 0.0,
) -> Box | None:
    """The face near a proposal, verified at several angles around its roll and scales; None if there is none."""
    votes = []
    for turn, scale in itertools.product(*around):
        angle = roll + turn
        plain = _votes(grey, x, y, side * scale, angle, NORMAL)
        strict = _votes(grey, x, y, side * scale, angle, STRICT) if len(plain) else plain  # a subset of the plain ones
        votes += [(*shift, math.log(scale), angle, 1) for shift in plain]
        votes += [(*shift, math.log(scale), angle, STRICT_WEIGHT) for shift in strict]
    if not votes:
        return None
    *values, weights = np.array(votes).T
    dx, dy, growth, roll = np.average(values, axis=1, weights=weights).tolist()
    score = float(weights.sum() / (weights.sum() + HALF_SCORE_VOTES))
    return Box.around(x + dx, y + dy, side * math.exp(growth), score=score, angle=roll)


def _votes(grey: Image.Image, x: float, y: float, side: float, angle: float, strictness: float) -> Array:
    """Offsets ``[N, 2]`` from (x, y) to the centres of detections of this side and roll, here and in the mirrored image."""
    unit = side / WINDOW
    patch = _cut(grey, x, y, unit, angle)
    here = _windows(_cascade(strictness), patch, 1) - MARGIN
    there = _windows(_cascade(strictness), patch.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 1) - MARGIN
    return np.concatenate([here, there * (-1, 1)]) @ _rotation(angle).T * unit


def _cut(grey: Image.Image, x: float, y: float, unit: float, angle: float) -> Image.Image:
    """An upright square of the window plus margin around a point; `unit` pixels become one."""
    size = WINDOW + 2 * MARGIN
    turn = _rotation(angle) * unit / 2  # drawn at twice the size and halved, against aliasing
    corner = np.array([x, y]) - turn @ np.array([size, size])
    data = (*turn[0], corner[0], *turn[1], corner[1])
    return grey.transform((2 * size, 2 * size), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR).reduce(2)


def _rotation(degrees: float) -> Array:
    """Rotation ``[2, 2]`` from the axes of a head that rolls clockwise to those of the photo (y points down)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s], [s, c]])


def suppressed(boxes: list[Box]) -> list[Box]:
    """Non-maximum suppression: of the boxes that overlap, the one with the highest score."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.score, reverse=True):
        squares = np.array([(*other.centre, other.side) for other in [box, *kept]])
        if _overlaps(squares, of_union=False)[0, 1:].max(initial=0.0) < OVERLAP:
            kept.append(box)
    return kept


@lru_cache(maxsize=3)
def _cascade(strictness: float) -> Cascade:
    path: str = skimage.data.lbp_frontal_face_cascade_filename()  # type: ignore[no-untyped-call]
    return Cascade(path, eps=-strictness)


def _windows(cascade: Cascade, grey: Image.Image, step: int) -> Array:
    """Upper left corners ``[N, 2]`` (x, y) of the windows that the cascade accepts."""
    pixels = np.asarray(grey, dtype=np.float64)
    # Integral images are float32 inside. Patterns ignore an offset: subtracting an integer near the mean keeps sums exact.
    found = cascade.detect_multi_scale(
        img=pixels - round(float(pixels.mean())),
        scale_factor=1.1,
        step_ratio=step,
        min_size=(WINDOW, WINDOW),
        max_size=(WINDOW + 1, WINDOW + 1),  # one scale only: the trained window
        min_neighbor_number=1,
        intersection_score_threshold=2,  # no pair reaches it, so every window stays separate
    )
    return np.array([(place["c"], place["r"]) for place in found], dtype=np.float64).reshape(-1, 2)
