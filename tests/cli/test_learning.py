"""Which settings a style is learned by, and what a reference shows."""

from dataclasses import replace

import pytest
import torch

from pastiche import images
from pastiche.checkpoints import Checkpoint, save
from pastiche.checkpoints.checkpoint import DEMO_SOURCE
from pastiche.cli.learning import aligned_face, settings_of
from pastiche.cli.options import load_models
from pastiche.cli.person import Personalizer, tuning_of
from pastiche.errors import NoFaceError
from pastiche.inversion import COARSE_TO_FINE
from pastiche.jojogan import PRESETS
from pastiche.people import LIKENESS, PLAIN_LIKENESS
from pastiche.resources import demo_file
from pastiche.stylegan2 import Generator, GeneratorConfig


def test_the_small_models_have_a_preset_of_their_own():
    demo, published = (Checkpoint(architecture="stylegan2", source=source) for source in (DEMO_SOURCE, "ffhq.pt"))
    assert settings_of(None, demo) == PRESETS["demo"]
    assert settings_of(None, published) == PRESETS["default"]
    assert settings_of("strong", demo) == PRESETS["strong"]
    assert settings_of("strong", demo, steps=7).steps == 7
    assert settings_of(None, demo, steps=None, reconstruction=0.0, texture=1.0) == replace(
        PRESETS["demo"], reconstruction=0.0, texture=1.0
    )


def test_a_bundle_in_another_folder_has_the_same_settings(tmp_path):
    generator = Generator(GeneratorConfig(resolution=8, channels={4: 4, 8: 4}, z_dim=4, w_dim=4, mapping_layers=1))
    trained = Checkpoint(architecture="stylegan2", generator=generator, source=DEMO_SOURCE)
    save(trained, tmp_path / "faces.safetensors")
    models = load_models(str(tmp_path / "faces.safetensors"), None, "cpu")
    assert settings_of(None, models.checkpoint) == PRESETS["demo"]
    assert tuning_of(models.checkpoint, None) == COARSE_TO_FINE
    assert Personalizer(models, None, None).likeness == LIKENESS


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


def test_without_a_style_more_of_the_person_is_kept():
    models = load_models("demo", None, "cpu")
    assert Personalizer(models, None, None, styled=False).likeness == PLAIN_LIKENESS
    assert Personalizer(models, None, 0.2, styled=False).likeness == 0.2
