"""Painted styles: every one is a picture, has a hand of its own, and sees faces in its own way."""

from dataclasses import fields

import pytest
import torch

from pastiche.errors import StyleError
from pastiche.synthetic.dataset import code
from pastiche.synthetic.landmarks import project_landmarks
from pastiche.synthetic.painter import paint
from pastiche.synthetic.parameters import Parameters, parameters
from pastiche.synthetic.styles import STYLES, PaintedStyle, paint_style, registry
from pastiche.synthetic.styles.color import from_oklab, to_oklab

SIDE = 48
# What visitors are promised.
PROMISED = {"sketch", "comic", "oil", "watercolor", "poster", "toon"}
PROMISED |= {"caricature", "woodcut", "pixel", "stained_glass", "neon", "pastel"}

each = pytest.mark.parametrize("name", STYLES)


@pytest.fixture(scope="module")
def person():
    return parameters(code(3, 7)[None])


@pytest.fixture(scope="module")
def plain(person):
    return paint(person, SIDE)


@pytest.fixture(scope="module")
def real(person):
    """The whole way, from numbers to a painted picture of a reshaped face; slow, so only for one style."""
    return PaintedStyle("comic", 1)(person, SIDE)


@pytest.fixture
def posed(monkeypatch, plain):
    """One portrait sits for all: reshaped faces aren't painted anew, which is what takes time."""
    monkeypatch.setattr(registry, "paint", lambda q, resolution: plain)


@pytest.fixture(scope="module")
def painted(person, plain):
    """The posed portrait by every style's hand of seed 1."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "paint", lambda q, resolution: plain)
        return {name: PaintedStyle(name, 1)(person, SIDE).images for name in STYLES}


def proportions(q):
    """Landmarks ``[N, 68, 2]`` without place and size."""
    points = project_landmarks(q)
    points = points - points.mean(dim=1, keepdim=True)
    return points / points.flatten(1).norm(dim=1)[:, None, None] * 68**0.5


def joined(people):
    return Parameters(**{name: torch.cat([getattr(q, name) for q in people]) for name in vars(people[0])})


def test_the_promised_styles_are_there():
    assert set(STYLES) >= PROMISED


@each
def test_is_a_picture(name, painted):
    images = painted[name]
    assert images.shape == (1, 3, SIDE, SIDE)
    assert images.dtype == torch.float32
    assert images.isfinite().all()
    assert images.min() >= -1
    assert images.max() <= 1
    assert images.std() > 0.1


@each
def test_does_not_look_like_the_plain_portrait(name, painted, plain):
    assert (painted[name] - plain.images).abs().mean() > 0.05


@each
def test_a_seed_is_a_hand(name, posed, painted, person):
    one, other = PaintedStyle(name, 1), PaintedStyle(name, 2)
    assert torch.equal(one(person, SIDE).images, painted[name])
    assert (other(person, SIDE).images - painted[name]).abs().mean() > 0.01
    habits = [field.name for field in fields(one.hand)]
    assert sum(getattr(one.hand, habit) != getattr(other.hand, habit) for habit in habits) >= 3


def test_every_style_reshapes_the_face_and_every_hand_in_its_own_way(person):
    hands = [PaintedStyle(name, seed).hand for seed in (1, 2) for name in STYLES]
    away = proportions(joined([person, *(hand.reshape(person) for hand in hands)]))
    first, second = away[1:].unflatten(0, (2, -1))
    for name, points, others in zip(STYLES, first, second, strict=True):
        assert (points - away[0]).norm(dim=1).max() > 0.04, name
        assert (points - others).norm(dim=1).max() > 1e-3, name


@each
def test_eyes_fit_between_nose_and_cheeks(name):
    people = parameters(torch.stack([code(index, 7) for index in range(16)]))
    people = PaintedStyle(name, 1).hand.reshape(people.replace(yaw=torch.zeros_like(people.yaw)))
    x = project_landmarks(people)[..., 0]
    face = x[:, 16] - x[:, 0]
    assert ((x[:, 42] - x[:, 39]) / face).min() > 0.03
    assert (torch.minimum(x[:, 36] - x[:, 0], x[:, 16] - x[:, 45]) / face).min() > 0.01


def test_styles_look_different_from_each_other(painted):
    names = list(painted)
    for n, first in enumerate(names):
        for second in names[n + 1 :]:
            assert (painted[first] - painted[second]).abs().mean() > 0.05, (first, second)


def test_landmarks_and_layers_are_those_of_the_reshaped_face(real, plain):
    assert ((real.landmarks - plain.landmarks).norm(dim=2) / SIDE).max() > 0.01
    assert (real.layers.skin - plain.layers.skin).abs().mean() > 1e-3
    assert real.landmarks.min() > 0
    assert real.landmarks.max() < SIDE - 1
    assert real.images.isfinite().all()


def test_a_portrait_is_painted_alike_alone_and_among_others(real):
    both = parameters(torch.stack([code(11, 7), code(3, 7)]))
    pictures = PaintedStyle("comic", 1)(both, SIDE).images
    assert pictures.shape == (2, 3, SIDE, SIDE)
    assert (pictures[1:] - real.images).abs().mean() < 0.01


def test_global_chance_plays_no_part(posed, person, painted):
    torch.manual_seed(123)
    before = torch.get_rng_state()
    assert torch.equal(PaintedStyle("sketch", 1)(person, SIDE).images, painted["sketch"])
    assert torch.equal(torch.get_rng_state(), before)


def test_two_people_get_two_sheets_of_paper(posed, painted):
    other = parameters(code(11, 7)[None])  # the pose is the same: only what is left to chance may differ
    assert not torch.equal(PaintedStyle("sketch", 1)(other, SIDE).images, painted["sketch"])


def test_in_one_call(posed, person, painted):
    assert torch.equal(paint_style("comic", person, SIDE, seed=1).images, painted["comic"])


def test_half_a_pair_of_glasses_is_none(monkeypatch, person, plain):
    worn = []
    monkeypatch.setattr(registry, "paint", lambda q, resolution: worn.append(q.glasses.item()) or plain)
    for amount in (0.4, 0.6):
        PaintedStyle("poster")(person.replace(glasses=torch.full((1, 1), amount)), SIDE)
    assert worn == [0, 1]


def test_an_unknown_style_is_refused():
    with pytest.raises(StyleError, match="watercolor"):
        PaintedStyle("watercolour")


def test_oklab_goes_there_and_back():
    picture = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert (from_oklab(to_oklab(picture)) - picture).abs().max() < 1e-3
