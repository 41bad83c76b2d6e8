"""Cascade and network together."""

import importlib
import math
from pathlib import Path

import pytest
import torch
from PIL import Image

from pastiche import images
from pastiche.errors import ImageError
from pastiche.faces import Box, detect
from pastiche.faces.cascade import CascadeDetector

module = importlib.import_module("pastiche.faces.detect")
REFERENCES = Path(__file__).parents[2] / "weights" / "demo" / "references"


class Finds:
    """A network that gives the same boxes for every picture."""

    threshold = 0.6

    def __init__(self, *boxes):
        self.boxes = list(boxes)

    def searching(self, smallest, *, threshold):
        self.smallest = smallest
        return lambda image: [box for box in self.boxes if box.score >= threshold]


@pytest.fixture
def network(monkeypatch):
    def use(found):
        monkeypatch.setattr(module, "bundled_detector", lambda: found)
        return found

    return use


def off(box, *, score, by=0.1, scale=1.15, turn=8.0):
    """A box as inexact as the network's."""
    x, y = box.centre
    return Box.around(x + by * box.side, y - by * box.side, scale * box.side, score=score, angle=box.angle + turn)


@pytest.mark.parametrize("scale", [0.85, 1.15])
def test_the_cascade_places_what_the_network_proposes(photo, network, box, scale):
    network(Finds(off(box, score=0.4, scale=scale)))
    (found,) = detect(photo)
    assert found.centre == pytest.approx(box.centre, abs=0.03 * box.side)
    assert found.side == pytest.approx(box.side, rel=0.06)
    assert found.angle == pytest.approx(box.angle, abs=3)
    assert found.score > 1 - (1 - 0.4) * (1 - 0.5)


def test_several_proposals_of_one_face_are_one_face(photo, network, box):
    network(Finds(off(box, score=0.4), off(box, score=0.7, by=-0.1), off(box, score=0.3, scale=0.9)))
    assert len(detect(photo)) == 1


def test_a_sure_proposal_needs_no_cascade_and_an_unsure_one_does(photo, network, box):
    small, large = Box.around(440, 400, 20, score=0.5), Box.around(400, 350, 200, score=0.8)
    network(Finds(off(box, score=0.5), small, large))
    first, second = detect(photo)
    assert first == large
    assert second.centre == pytest.approx(box.centre, abs=0.03 * box.side)


@pytest.mark.parametrize("degrees", [-45, 45])
def test_a_proposal_is_verified_at_its_own_roll(photo, network, box, degrees):
    turned = images.read(images.to_pil(photo).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(90, 90, 90)))
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = box.centre[0] - 256, box.centre[1] - 256
    centre = c * x - s * y + 256, s * x + c * y + 256
    network(Finds(Box.around(*centre, box.side, score=0.3, angle=0.6 * degrees)))
    (found,) = detect(turned)
    assert found.centre == pytest.approx(centre, abs=0.04 * box.side)
    assert found.angle == pytest.approx(box.angle + degrees, abs=6)


def test_the_cascade_alone_searches_where_the_network_finds_nothing(photo, network):
    found = network(Finds())
    assert detect(photo, smallest=0.3) == CascadeDetector(smallest=0.3)(photo)
    assert found.smallest == 0.3
    network(Finds(Box.around(40, 400, 50, score=0.4)))
    assert detect(photo) == CascadeDetector(smallest=0.1)(photo) != []
    page = torch.nn.functional.pad(images.resize(photo, 128), (0, 400, 0, 400))
    assert detect(page) == []


def test_the_nine_of_a_page_are_found(photo):
    page = images.resize(photo, 300).repeat(1, 1, 3, 3)
    found = detect(page)
    assert len(found) == 9
    places = {(int(box.centre[0] // 300), int(box.centre[1] // 300)) for box in found}
    assert len(places) == 9


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
