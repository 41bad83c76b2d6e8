"""Cascade and network together."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pastiche import images
from pastiche.errors import ImageError
from pastiche.faces import Box, detect
from pastiche.faces.cascade import CascadeDetector

module = importlib.import_module("pastiche.faces.detect")
REFERENCES = Path(__file__).parents[2] / "weights" / "demo" / "references"


class Finds:
    """A network that gives the same boxes for every picture."""

    def __init__(self, *boxes):
        self.boxes = list(boxes)

    def searching(self, smallest):
        self.smallest = smallest
        return lambda image: self.boxes


@pytest.fixture
def network(monkeypatch):
    def use(found):
        monkeypatch.setattr(module, "bundled_detector", lambda: found)
        return found

    return use


def test_a_face_that_both_find_is_where_the_cascade_finds_it(photo, network):
    (box,) = CascadeDetector()(photo)
    network(Finds(Box.around(*box.centre, box.side * 1.1)))
    assert detect(photo) == [box]


def test_what_the_network_finds_alone_is_added_largest_first(photo, network):
    (box,) = CascadeDetector()(photo)
    small, large = Box.around(440, 400, 20), Box.around(400, 350, 200)
    network(Finds(small, large))
    assert detect(photo) == [large, box, small]


def test_the_slow_search_is_for_pictures_in_which_neither_is_sure_of_a_face(network, monkeypatch):
    searched = []
    monkeypatch.setattr(CascadeDetector, "search_again", lambda self, image, upright: searched.append(self.smallest) or [])
    blank = torch.zeros(1, 3, 64, 64)
    network(Finds(Box.around(32, 32, 30)))
    assert len(detect(blank)) == 1
    assert not searched
    found = network(Finds())
    assert detect(blank, smallest=0.3) == []
    assert searched == [0.3]
    assert found.smallest == 0.3


def test_an_uncertain_face_that_the_network_misses_is_searched_again(photo, network, monkeypatch):
    (box,) = CascadeDetector()(photo)
    monkeypatch.setattr(CascadeDetector, "clear", lambda self, image, upright: [replace(box, score=0.55)])
    monkeypatch.setattr(CascadeDetector, "search_again", lambda self, image, upright: [box])
    network(Finds())
    assert detect(photo) == [box]
    network(Finds(box))
    assert [found.score for found in detect(photo)] == [0.55]


def test_an_installation_without_the_network_uses_the_cascade(photo, network):
    network(None)
    assert detect(photo) == CascadeDetector()(photo)


@pytest.mark.parametrize("name", ["straw_hat", "van_gogh"])
def test_paintings_that_the_cascade_misses(name):
    picture = images.read(REFERENCES / f"{name}.png")
    side = picture.shape[-1]
    (box,) = detect(picture)
    assert box.centre == pytest.approx((side / 2, side / 2), abs=0.2 * side)
    assert 0.25 * side < box.side < 0.9 * side


def test_autocast_moves_no_box():
    picture = images.read(REFERENCES / "van_gogh.png")
    with torch.autocast("cpu", torch.bfloat16):
        found = detect(picture)
    assert found == detect(picture)


def test_a_batch_is_refused():
    with pytest.raises(ImageError, match="one at a time"):
        detect(torch.zeros(2, 3, 8, 8))
