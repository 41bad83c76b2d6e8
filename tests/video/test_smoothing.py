"""Smoothing in time: noise falls, motion does not lag."""

import numpy as np
import pytest
import torch

from pastiche.video.coded import Coded, CodedFace, smooth_codes
from pastiche.video.placed import Placed
from pastiche.video.smoothing import OneEuro, Smoothing, curve_weights, mean_weights, windowed


def test_windows_hold_the_neighbours_of_each_item():
    found = [(at, window) for at, window in windowed(range(5), 1)]
    assert found == [(0, [0, 1]), (1, [0, 1, 2]), (1, [1, 2, 3]), (1, [2, 3, 4]), (1, [3, 4])]
    assert [window[at] for at, window in windowed(range(7), 3)] == list(range(7))
    assert list(windowed([], 3)) == []
    assert [window for _, window in windowed("ab", 0)] == [["a"], ["b"]]


@pytest.mark.parametrize("offsets", [range(-6, 7), range(7), range(-1, 7)], ids=["middle", "end", "near the end"])
def test_a_turn_is_kept_where_a_mean_would_cut_it_short(offsets):
    x = np.array(offsets)
    values = 3.0 + 2.0 * x + 0.5 * x**2
    weights = curve_weights(list(offsets), 2.0)
    assert weights.sum() == pytest.approx(1)
    assert weights @ values == pytest.approx(3.0)
    assert abs(mean_weights(list(offsets), 2.0) @ values - 3.0) > 1


@pytest.mark.parametrize("offsets", [[-4, -3, 5], [-4, -3, 2, 3], [-1, 1], [0], [0, 1], [-5, -4]], ids=str)
@pytest.mark.parametrize("sigma", [0.5, 2.0, 5.0])
def test_few_values_give_no_more_noise_than_one_has(offsets, sigma):
    weights = curve_weights(offsets, sigma)
    assert weights.sum() == pytest.approx(1)
    assert (weights**2).sum() < 1.001


def test_a_line_is_kept_across_a_gap():
    assert curve_weights([-4, -3, 2, 3], 2.0) @ np.array([-4.0, -3.0, 2.0, 3.0]) == pytest.approx(0, abs=1e-9)


def test_codes_do_not_lag_at_the_ends_of_a_run():
    place = Placed(0, 0, np.zeros((4, 2)), np.zeros((68, 2)), 1.0)
    rows = [Coded(n, n, [CodedFace(place, torch.full((4, 3), float(n)))]) for n in range(12)]
    smooth = smooth_codes(rows, Smoothing(latents=2.0, hold=False), {0: torch.zeros(4, 3)})
    assert [float(row.faces[0].code[0, 0]) for row in smooth] == pytest.approx(range(12), abs=1e-4)


def test_codes_are_float32_wherever_networks_compute_in_less():
    place, rng = Placed(0, 0, np.zeros((4, 2)), np.zeros((68, 2)), 1.0), torch.Generator().manual_seed(0)
    rows = [Coded(n, n, [CodedFace(place, torch.randn(4, 3, generator=rng))]) for n in range(5)]
    smoothing, means = Smoothing(latents=2.0, hold=False), {0: torch.zeros(4, 3)}
    wanted = [row.faces[0].code for row in smooth_codes(rows, smoothing, means)]
    with torch.autocast("cpu", torch.bfloat16):
        found = [row.faces[0].code for row in smooth_codes(rows, smoothing, means)]
    assert torch.equal(torch.stack(found), torch.stack(wanted))


def test_noise_falls():
    values = np.random.default_rng(0).normal(size=200)
    smooth = [curve_weights(range(-at, len(w) - at), 5.0) @ np.array(w) for at, w in windowed(values, 15)]
    assert np.std(smooth) < 0.45 * np.std(values)


def test_without_width_a_value_stays():
    assert mean_weights([-1, 0, 1], 0).tolist() == [0, 1, 0]
    assert curve_weights([-2, -1, 0], 0).tolist() == [0, 0, 1]


def test_widths_follow_the_frame_rate():
    assert Smoothing(axes=3).at(50).axes == 6
    assert Smoothing(hold=False).at(50).hold is False
    with pytest.raises(ValueError, match="centre is -1"):
        Smoothing(centre=-1)


def test_the_live_filter_calms_noise_and_follows_motion():
    rng = np.random.default_rng(1)
    still, moving = OneEuro(25, cutoff=1.0, beta=0.05), OneEuro(25, cutoff=1.0, beta=0.05)
    noise = rng.normal(size=(100, 2))
    calm = np.array([still(value) for value in noise])
    assert calm[20:].std() < 0.5 * noise[20:].std()
    path = np.cumsum(np.full((50, 2), 8.0), axis=0)
    behind = path - np.array([moving(value) for value in path])
    assert np.abs(behind[-1]).max() < 16  # two frames
