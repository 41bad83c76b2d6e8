"""People followed by place and likeness; scene cuts."""

import numpy as np
import torch
from video.conftest import GREEN, RED, disc_landmarks, find_discs, picture

from pastiche.images import from_uint8
from pastiche.video.appearance import by_thumbnail
from pastiche.video.scenes import Cuts
from pastiche.video.tracking import GAP, Tracker


def tracker(every=8):
    return Tracker(find_discs, disc_landmarks, by_thumbnail(), every=every)


def follow(pictures, tracking=None, cuts=()):
    tracking = tracking or tracker()
    return [tracking(n, from_uint8(pixels), cut=n in cuts) for n, pixels in enumerate(pictures)]


def tracks(rows):
    return [sorted(face.track for face in row) for row in rows]


def test_two_people_keep_their_numbers_while_they_move():
    rows = follow([picture([(RED, 20 + n, 30), (GREEN, 75, 30 + n)]) for n in range(12)])
    assert tracks(rows) == [[0, 1]] * 12
    red = [next(face for face in row if face.track == 0).landmarks.mean(axis=0)[0] for row in rows]
    assert np.allclose(np.diff(red), 1, atol=0.6)
    assert len({face.run for row in rows for face in row}) == 2


def test_who_was_lost_is_found_again_by_likeness_elsewhere():
    pictures = [picture([(RED, 25, 30)])] * 3 + [picture([])] * (GAP + 3) + [picture([(GREEN, 25, 30), (RED, 75, 40)])] * 3
    rows = follow(pictures)
    assert tracks(rows)[:3] == [[0]] * 3
    assert tracks(rows)[3 : GAP + 6] == [[]] * (GAP + 3)
    assert tracks(rows)[-1] == [0, 1]
    again = next(face for face in rows[-1] if face.track == 0)
    assert again.landmarks.mean(axis=0)[0] > 60  # the red one, although the green one is where it was
    assert again.run != rows[0][0].run


def test_a_short_gap_stays_in_one_run():
    rows = follow([picture([(RED, 25, 30)])] * 3 + [picture([])] * 2 + [picture([(RED, 27, 30)])] * 3)
    assert tracks(rows) == [[0]] * 3 + [[]] * 2 + [[0]] * 3
    assert rows[-1][0].run == rows[0][0].run


def test_after_a_cut_a_place_says_nothing():
    pictures = [picture([(RED, 25, 30)])] * 4 + [picture([(GREEN, 25, 30)], background=20)] * 4
    rows = follow(pictures, cuts={4})
    assert tracks(rows) == [[0]] * 4 + [[1]] * 4


def test_a_tracker_goes_on_from_its_state():
    pictures = [picture([(RED, 20 + n, 30)]) for n in range(10)]
    whole = follow(pictures)
    first, second = tracker(), tracker()
    follow(pictures[:5], first)
    second.restore(first.state())
    rest = [second(n, from_uint8(pictures[n])) for n in range(5, 10)]
    assert tracks(rest) == tracks(whole[5:])
    assert np.allclose(rest[-1][0].landmarks, whole[-1][0].landmarks)


def test_cuts_are_noticed_and_motion_is_none():
    one = [picture([(RED, 20 + 4 * n, 30)]) for n in range(8)]
    other = [picture([(GREEN, 60, 40)], background=10)] * 4
    cuts = Cuts()
    assert [cuts(from_uint8(pixels)) for pixels in one + other] == [False] * 8 + [True] + [False] * 3


def test_a_fast_pan_is_no_cut():
    rng = np.random.default_rng(0)
    wide = torch.from_numpy(rng.uniform(-1, 1, (1, 3, 9, 40))).float()
    wide = torch.nn.functional.interpolate(wide, size=(72, 320), mode="bicubic").clamp(-1, 1)
    cuts = Cuts()
    found = [cuts(wide[..., 12 * n : 12 * n + 96]) for n in range(16)]
    assert not any(found)
