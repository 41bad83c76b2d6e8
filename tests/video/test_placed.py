"""Crops move with the whole face, not with its mouth."""

import numpy as np
import pytest

from pastiche.faces.shape import MEAN_SHAPE
from pastiche.video.found import Seen
from pastiche.video.placed import centre_and_axis, corners_of, placed, radius_of
from pastiche.video.smoothing import FRAME_BY_FRAME, Smoothing, windowed
from pastiche.video.tracking import Observation

FACE = 100 * MEAN_SHAPE + 150


def crops(faces, smoothing):
    """The corners of the crop in each frame, ``[T, 4, 2]``."""
    rows = [Seen(t, t, False, [Observation(0, 0, face, 1.0)]) for t, face in enumerate(faces)]
    found = [placed(window, at, smoothing, {0}) for at, window in windowed(rows, radius_of(smoothing))]
    return np.stack([faces[0].corners for faces in found])


def own(face):
    return corners_of(*centre_and_axis(face))


def turned(face, angle, shift):
    cosine, sine = np.cos(angle), np.sin(angle)
    return (face - 150) @ np.array([[cosine, sine], [-sine, cosine]]) + 150 + shift


def test_a_face_that_speaks_keeps_its_crop():
    faces = [FACE.copy() for _ in range(24)]
    for t, face in enumerate(faces):
        face[48:68, 1] += 6 * (t % 2)
    alone, steady = (np.abs(np.diff(crops(faces, how), axis=0)).max() for how in (FRAME_BY_FRAME, Smoothing(centre=0, axes=5)))
    assert alone > 1
    assert steady < alone / 2


def test_a_face_that_moves_as_a_whole_keeps_the_crop_of_ffhq():
    faces = [turned(FACE, 0.02 * t, np.array([2.0 * t, -t])) for t in range(20)]
    wanted = np.stack([own(face) for face in faces])
    assert crops(faces, Smoothing()) == pytest.approx(wanted, abs=0.05)


def test_frame_by_frame_a_crop_is_that_of_ffhq():
    rng = np.random.default_rng(0)
    faces = [FACE + rng.normal(size=FACE.shape) for _ in range(3)]
    assert crops(faces, FRAME_BY_FRAME) == pytest.approx(np.stack([own(face) for face in faces]))
