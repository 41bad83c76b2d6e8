"""Films, drawn a few pictures at a time."""

import pytest
import torch

import pastiche
from pastiche.editing import StyleBlend, positions, render_film
from pastiche.errors import Cancelled, PasticheError


@pytest.fixture
def sizes():
    """How many pictures each batch has."""
    return lambda frames: [len(batch) for batch in frames]


def test_batches_are_one_film(generator, faces, sizes):
    whole = torch.cat(list(render_film(faces, generator, batch=12)))
    parts = list(render_film(faces, generator, batch=5))
    assert sizes(parts) == [5, 5, 2]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-4)
    assert torch.allclose(whole, generator(faces), atol=1e-4)


def test_in_a_style_with_its_controls(styles, faces):
    found = torch.cat(list(render_film(faces, styles[0], strength=0.5, noise="none")))
    assert torch.allclose(found, styles[0](faces, strength=0.5, noise="none"), atol=1e-4)


def test_a_strength_for_each_frame(styles, faces, sizes):
    strengths = [0.0] * 3 + [0.5] * 5 + [1.0] * 4
    parts = list(render_film(faces, styles[0], strength=strengths, batch=4))
    assert sizes(parts) == [3, 4, 1, 4]
    assert torch.allclose(torch.cat(parts)[5], styles[0](faces[5], strength=0.5)[0], atol=1e-4)


def test_through_styles(styles, faces):
    times = positions(3, 12)
    blend = StyleBlend(styles)
    found = torch.cat(list(render_film(faces, blend, t=times)))
    for index in (0, 5, 11):
        assert torch.allclose(found[index], blend(faces[index], t=times[index])[0], atol=1e-5)


def test_one_face_stands_still(styles, faces):
    found = torch.cat(list(render_film(faces[0], styles[0], strength=[0, 0.5, 1])))
    assert len(found) == 3
    assert torch.allclose(found[2:], styles[0](faces[0]), atol=1e-5)


def test_several_faces_in_each_frame(styles, faces, sizes):
    parts = list(render_film(faces, styles[0], strength=[0, 0.2, 0.5, 1], batch=8))
    assert sizes(parts) == [3, 3, 3, 3]
    assert torch.allclose(parts[3], styles[0](faces[9:]), atol=1e-5)


def test_nothing_is_drawn_before_it_is_wanted(styles, faces):
    steps = []
    frames = render_film(faces, styles[0], batch=4, progress=steps.append)
    assert not steps
    next(frames)
    assert [(step.index, step.total) for step in steps] == [(4, 12)]
    assert steps[0].preview().shape == (1, 3, 32, 32)


def test_cancelling_leaves_no_film(styles, faces, tmp_path):
    def stop(step):
        if step.index > 4:
            raise Cancelled("enough")

    for suffix in ("mp4", "gif", "webp"):
        with pytest.raises(Cancelled):
            pastiche.write_film(tmp_path / f"film.{suffix}", render_film(faces, styles[0], progress=stop))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t": [0.0] * 12}, r"\(t\) are for a StyleBlend"),
        ({"strength": [0.5] * 5}, "positions and strengths are 12, 5"),
        ({"batch": 0}, "expected at least 1"),
    ],
)
def test_what_does_not_fit(styles, faces, changes, message):
    with pytest.raises(PasticheError, match=message):
        render_film(faces, styles[0], **changes)


def test_what_does_not_fit_the_drawer(styles, generator, faces):
    with pytest.raises(PasticheError, match="it needs them"):
        render_film(faces, StyleBlend(styles))
    with pytest.raises(PasticheError, match="a generator without a style has no strength"):
        render_film(faces, generator, strength=0.5)
    with pytest.raises(PasticheError, match="positions and strengths are 12, 12, 6"):
        render_film(faces, StyleBlend(styles), t=[0.0] * 12, strength=[1.0] * 6)
