"""Where frames stand among keyframes."""

from itertools import pairwise

import pytest

from pastiche.editing import EASINGS, mixed, positions
from pastiche.editing.timeline import neighbours
from pastiche.errors import PasticheError


@pytest.mark.parametrize("easing", EASINGS)
@pytest.mark.parametrize(("keys", "frames"), [(2, 2), (2, 60), (3, 7), (5, 13)])
def test_from_the_first_keyframe_to_the_last(easing, keys, frames):
    found = positions(keys, frames, easing=easing)
    assert len(found) == frames
    assert (found[0], found[-1]) == (0, keys - 1)
    assert found == sorted(found)


@pytest.mark.parametrize("easing", EASINGS)
def test_frames_on_the_way_meet_the_keyframes(easing):
    assert positions(4, 7, easing=easing)[::2] == [0, 1, 2, 3]


def test_a_loop_leaves_the_doubled_frame_out():
    assert positions(2, 4, loop=True) == [0, 0.5, 1, 1.5]
    assert positions(3, 6, loop=True) == [0, 0.5, 1, 1.5, 2, 2.5]


def test_the_shapes_of_easing():
    films = {easing: positions(2, 9, easing=easing) for easing in EASINGS}
    steps = {easing: [b - a for a, b in pairwise(film)] for easing, film in films.items()}
    assert steps["linear"] == pytest.approx([1 / 8] * 8)
    assert steps["ease"] == pytest.approx(steps["ease"][::-1])
    assert steps["ease"][0] < 1 / 16 < 1 / 8 < steps["ease"][4]
    assert steps["ease-in"] == sorted(steps["ease-in"])
    assert steps["ease-out"] == pytest.approx(steps["ease-in"][::-1])


def test_one_keyframe_stands_still():
    assert positions(1, 3, loop=True) == [0, 0, 0]


def test_neighbours():
    assert neighbours(1.25, 3) == (1, 2, 0.25)
    assert neighbours(2.5, 3) == (2, 0, 0.5)  # a loop
    assert neighbours(2, 3)[0] == 2


def test_numbers_between_keyframes():
    assert mixed([0, 1, 0.5], [0, 0.25, 1, 1.5, 2]) == [0, 0.25, 1, 0.75, 0.5]
    assert mixed([0.3], positions(1, 2)) == [0.3, 0.3]
    assert set(mixed([0.7, 0.7], positions(2, 50, easing="ease"))) == {0.7}  # to the bit, so that frames share a batch


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((2, 1), "2 frames or more"), ((0, 5), "a keyframe"), ((2, 5, "bouncy"), "'bouncy': choose one of linear, ease")],
)
def test_what_is_no_film(arguments, message):
    keys, frames, *easing = arguments
    with pytest.raises(PasticheError, match=message):
        positions(keys, frames, easing=easing[0] if easing else "linear")
