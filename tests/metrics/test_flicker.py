"""Flicker: none where a result moves as the original does, more where it jumps."""

import numpy as np
import pytest

from pastiche import ImageError
from pastiche.metrics import measure_flicker
from pastiche.metrics.flicker import dis_flow, visible


def texture(shift, seed=0, side=96):
    """A smooth random picture, moved to the right by `shift` pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    waves = [(rng.uniform(0.05, 0.35, 2), rng.uniform(0, 6.28), rng.uniform(10, 25)) for _ in range(12)]
    value = 128 + sum(a * np.sin(u * (x - shift) + v * y + phase) for (u, v), phase, a in waves)
    return np.repeat(value.clip(0, 255)[..., None], 3, axis=2).astype(np.uint8)


def test_the_flow_of_a_known_motion():
    flow = dis_flow(texture(0), texture(2))
    assert flow.shape == (96, 96, 2)
    assert np.median(flow[..., 0]) == pytest.approx(2, abs=0.2)
    assert np.median(flow[..., 1]) == pytest.approx(0, abs=0.2)


def test_what_disagrees_is_hidden():
    there = np.zeros((20, 20, 2), np.float32)
    there[..., 0] = 2
    back = -there
    back[5:10, 5:10] = 3
    shown = visible(there, back)
    assert shown[15, 15]
    assert not shown[7, 7]


def test_a_jump_is_flicker_and_motion_is_none():
    original = [texture(n) for n in range(5)]
    steady = [(0.6 * frame + 80).astype(np.uint8) for frame in original]
    jumping = [(0.6 * frame + 70 + 20 * (n % 2)).astype(np.uint8) for n, frame in enumerate(original)]
    found = measure_flicker(original, [steady, jumping])
    calm, wild = found.relative
    assert calm < 1
    assert wild > 4 * calm


def test_a_known_motion_is_used_instead_of_an_estimated_one():
    original = [texture(n) for n in range(4)]
    result = [255 - frame for frame in original]
    flow = np.zeros((96, 96, 2), np.float32)
    flow[..., 0] = -1
    right = measure_flicker(original, [result], motion=lambda _t: flow)
    wrong = measure_flicker(original, [result], motion=lambda _t: 3 * flow)
    assert wrong.results[0] > 10 * right.results[0]


def test_videos_that_do_not_belong_together_are_errors():
    frames = [texture(n) for n in range(3)]
    with pytest.raises(ImageError, match="numbers of frames"):
        measure_flicker(frames, [[255 - frame for frame in frames[:2]]])
    with pytest.raises(ImageError, match="differ in size"):
        measure_flicker(frames, [[frame[:50] for frame in frames]])
    with pytest.raises(ImageError, match="nothing to measure"):
        measure_flicker(frames, [frames])
