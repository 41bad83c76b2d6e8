"""Which settings a style is learned by, and what a reference shows."""

from dataclasses import replace

import pytest
import torch

from pastiche import images
from pastiche.cli.learning import aligned_face, settings_of
from pastiche.errors import NoFaceError
from pastiche.jojogan import PRESETS
from pastiche.resources import demo_file


def test_the_small_models_have_a_preset_of_their_own():
    assert settings_of(None, "demo") == PRESETS["demo"]
    assert settings_of(None, "ffhq.pt") == PRESETS["default"]
    assert settings_of("strong", "demo") == PRESETS["strong"]
    assert settings_of("strong", "demo", steps=7).steps == 7
    assert settings_of(None, "demo", steps=None, reconstruction=0.0) == replace(PRESETS["demo"], reconstruction=0.0)


def test_a_reference_photo_is_aligned():
    face = aligned_face(demo_file("astronaut.png"), 64, aligned=False)
    assert face.shape == (1, 3, 64, 64)
    assert not torch.allclose(face, images.resize(images.read(demo_file("astronaut.png")), 64), atol=0.3)


@pytest.mark.parametrize("name", ["comic", "stained_glass"])  # no face is found, or only one in an ornament
def test_a_square_drawing_is_taken_whole(name):
    path = demo_file("references") / f"{name}.png"
    assert torch.allclose(aligned_face(path, 256, aligned=False), images.read(path), atol=1e-5)


def test_a_reference_that_can_not_be_taken_whole_says_so(tmp_path):
    images.write(torch.zeros(1, 3, 40, 60), tmp_path / "wide.png")
    with pytest.raises(NoFaceError, match=r"wide\.png.*60 x 40.*square"):
        aligned_face(tmp_path / "wide.png", 64, aligned=False)
