"""The demo bundle as it ships."""

import sys

import numpy as np
import pytest
import torch

import pastiche.cli
from pastiche import bundle, images
from pastiche.faces import BoxLandmarks, detect
from pastiche.faces.landmarks import bundled_landmarks
from pastiche.jojogan import PRESETS, OneShot
from pastiche.latents import Latent
from pastiche.resources import demo_file


@pytest.fixture(scope="module")
def models():
    return pastiche.load("demo")


@pytest.fixture(scope="module")
def face():
    return pastiche.align(bundle.demo_photo(), 256)[0]


def test_it_is_small():
    files = list(demo_file("faces.safetensors").parent.glob("*.safetensors"))
    assert len(files) >= 9
    assert sum(path.stat().st_size for path in files) < 30_000_000


def test_it_is_complete(models):
    assert sorted(models.modules) == ["discriminator", "encoder", "generator"]
    assert models.license == "MIT"
    assert models.generator.resolution == models.discriminator.resolution == 256
    assert pastiche.inspect("demo").architecture == "stylegan2"


def test_its_references_are_aligned_pictures():
    references = bundle.demo_references()
    assert {"ukiyoe", "toon", "adele_bloch_bauer", "castiglione", "mona_lisa", "pearl_earring", "straw_hat", "van_gogh"} <= {
        *references
    }
    for path in references.values():
        assert images.read(path).shape == (1, 3, 256, 256)
    assert sum(path.stat().st_size for path in references.values()) < 1.2 * 2**20


def test_every_reference_is_credited():
    text = demo_file("references/CREDITS.md").read_text(encoding="utf8")
    assert not [name for name in bundle.demo_references() if f"`{name}" not in text]
    assert "public domain" in text


def test_its_faces_differ_and_are_pictures(models):
    z = models.generator.sample_z(4, torch.Generator().manual_seed(0))
    pictures = models.generator(Latent(z, "z"))
    assert pictures.abs().quantile(0.99) < 1.5
    assert pictures.std(dim=0).mean() > 0.1  # one person from another
    assert pictures.diff(dim=2).abs().mean() < 0.1  # not noise


def test_the_encoder_gives_a_face_back(models):
    """Random faces, read and drawn again, are on average much nearer to themselves than to each other: a fifth."""
    z = models.generator.sample_z(6, torch.Generator().manual_seed(5))
    pictures = models.generator(models.generator.to_w_plus(Latent(z, "z"))).clamp(-1, 1)
    again = models.generator(pastiche.invert(pictures, models.generator, models.encoder))
    distances = (again[:, None] - pictures[None]).square().mean(dim=(2, 3, 4))
    assert distances.diagonal().mean() < 0.3 * distances.mean()


def test_the_landmarks_are_nearer_than_the_boxs():
    """Against points set by hand on the photo that ships."""
    photo = images.read(bundle.demo_photo())
    (box,) = detect(photo)
    truth = {
        "left eye": (slice(36, 42), (202.3, 100.2)),
        "right eye": (slice(42, 48), (247.4, 103.0)),
        "left corner of the mouth": (slice(48, 49), (202.0, 139.0)),
        "right corner of the mouth": (slice(54, 55), (246.5, 139.0)),
        "nose": (slice(30, 31), (224.0, 126.5)),
        "chin": (slice(8, 9), (225.0, 178.5)),
    }
    errors = {}
    for landmarker in (bundled_landmarks(), BoxLandmarks()):
        points = landmarker(photo, box).numpy()
        errors[type(landmarker).__name__] = np.mean(
            [np.hypot(*(points[part].mean(axis=0) - place)) for part, place in truth.values()]
        )
    assert errors["NetworkLandmarks"] < errors["BoxLandmarks"]


def test_a_style_is_learned_on_it(models, face):
    latent = pastiche.invert(face.crop, models.generator, models.encoder)
    reference = images.read(bundle.demo_references()["toon"])
    style = pastiche.one_shot(
        models.generator, models.discriminator, reference, encoder=models.encoder, settings=OneShot(steps=3)
    )
    plain, drawn = models.generator(latent), style(latent)
    assert style(latent, strength=0).equal(plain)
    assert not drawn.equal(plain)
    assert drawn.isfinite().all()


def test_the_demo_writes_its_sheet(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "demo", OneShot(steps=2))
    monkeypatch.setattr(sys, "argv", ["pastiche", "demo", "--out", str(tmp_path / "demo.png")])
    with pytest.raises(SystemExit, match="0"):
        pastiche.cli.main()
    assert "demo.png" in capsys.readouterr().out
    height, width = images.read(tmp_path / "demo.png").shape[-2:]
    assert height > width > 1000


def test_the_bundled_directions_belong_to_the_bundled_generator():
    found = pastiche.load_directions("demo")
    found.expect(pastiche.load("demo").generator)
    assert "smile" in found
