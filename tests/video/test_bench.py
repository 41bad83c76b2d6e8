"""Benchmarks of videos: the steps of a video, and what a drawing that stands still leaves."""

from dataclasses import replace

import numpy as np
import pytest
from video.conftest import RED, disc_landmarks, find_discs, picture

from pastiche.bench.streams import measure_video_stream
from pastiche.bench.video import Clip, measure_video
from pastiche.images import from_uint8
from pastiche.video import VideoSettings

PLAIN = VideoSettings(region="oval", batch=4)


@pytest.fixture
def clip():
    """A disc before a camera that moves by a pixel from frame to frame."""
    frames = [picture([(RED, 50 - n, 36)], width=72, background=90 - 0.3 * n) for n in range(8)]
    cameras = [np.array([[1.0, 0.0, n], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) for n in range(8)]
    return Clip("disc", frames, None, cameras)


def test_a_video_is_timed_beside_its_steps(clip, style, networks):
    found = measure_video_stream(clip, style, networks, PLAIN)
    assert found.items == 8
    assert set(found.parts) == {"reading", "finding", "cropping", "encoding", "drawing", "pasting", "writing"}
    assert all(seconds > 0 for seconds in found.parts.values())
    assert found.of_parts == pytest.approx(sum(found.parts.values()) / found.seconds)
    assert 0 < found.of_drawing < 1


@pytest.mark.parametrize("noise", [2, 8], ids=["hidden by compression", "plain to see"])
def test_what_is_known_of_a_face_that_moves(clip, style, networks, tmp_path, noise):
    rng = np.random.default_rng(0)
    noisy = [np.clip(frame + rng.normal(0, noise, frame.shape), 0, 255).astype(np.uint8) for frame in clip.frames]
    truth = [disc_landmarks(from_uint8(frame), find_discs(from_uint8(frame))[0]).numpy() for frame in clip.frames]
    known = Clip("disc", noisy, truth, None, clip.frames)
    found = measure_video(known, style, networks, PLAIN, tmp_path)
    assert 0 < found.still < found.smooth
    assert found.beyond_still == pytest.approx((found.smooth - found.still) / (found.alone - found.still))
    assert found.kept == pytest.approx((1, 1), abs=0.05)
    frozen = replace(known, landmarks=[places + 2 * (places - truth[0]) for places in truth])
    assert measure_video(frozen, style, networks, PLAIN, tmp_path).kept == pytest.approx((1 / 3, 1 / 3), abs=0.02)


def test_a_drawing_that_moves_with_the_camera_is_the_best_that_can_be(clip, style, networks, tmp_path):
    rng = np.random.default_rng(0)
    noisy = [np.clip(frame + rng.normal(0, 8, frame.shape), 0, 255).astype(np.uint8) for frame in clip.frames]
    found = measure_video(replace(clip, frames=noisy), style, networks, PLAIN, tmp_path)
    assert 0 < found.still < found.alone
    assert found.ratio == pytest.approx(found.smooth / found.alone)
