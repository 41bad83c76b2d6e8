"""Which networks compare pictures, and what they are called."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from pastiche.encoders import ArcFace
from pastiche.encoders.arcface import ArcFaceConfig
from pastiche.encoders.compact import CompactEncoderConfig
from pastiche.encoders.compact_methods import CompactRestyleEncoder
from pastiche.errors import PasticheError
from pastiche.evaluation import choose_features, find_evaluators
from pastiche.evaluation import evaluators as module
from pastiche.evaluation import inception as inception_module
from pastiche.losses.perceptual import LPIPS
from pastiche.losses.perceptual_net import PerceptualNet
from pastiche.metrics.classifier import PortraitClassifier

NAMES = ("classifier", "perceptual", "discriminator")


def network(kind, seed=0):
    torch.manual_seed(seed)
    return kind().eval().requires_grad_(False)


@pytest.fixture
def bundled(monkeypatch):
    """A classifier and a perceptual network, as an installation may have them."""
    found = {"bundled_classifier": network(PortraitClassifier), "bundled_perceptual": network(PerceptualNet)}
    for name, one in found.items():
        monkeypatch.setattr(module, name, lambda one=one: one)
    return found


@pytest.fixture
def nothing(monkeypatch):
    for name in ("bundled_classifier", "bundled_perceptual"):
        monkeypatch.setattr(module, name, lambda: None)


@pytest.mark.parametrize("name", NAMES)
def test_features_of_any_size(bundled, base, name):
    features = choose_features(name, base)
    assert name in features.name
    assert not features.published
    assert features.metrics == ("Frechet distance", "kernel distance")
    images = torch.rand(3, 3, 48, 48) * 2 - 1
    found = features(images)
    assert found.shape[0] == 3
    assert found.ndim == 2
    assert torch.allclose(found[1:2], features(images[1:2]), atol=1e-5)
    assert not torch.allclose(found[0], found[1], atol=1e-4)
    assert features(torch.rand(2, 3, 64, 64)).shape[1] == found.shape[1]


def test_names_tell_weights_apart(bundled, base, monkeypatch):
    before = choose_features("classifier", base).name
    monkeypatch.setattr(module, "bundled_classifier", lambda: network(PortraitClassifier, seed=1))
    assert choose_features("classifier", base).name != before
    assert before.startswith("Pastiche's classifier ")


def test_a_classifier_that_is_given(nothing, base):
    found = find_evaluators(base, classifier=network(PortraitClassifier))
    assert found.features.name.startswith("Pastiche's classifier ")


def test_the_best_ones_are_chosen(bundled, base):
    evaluators = find_evaluators(base)
    assert "classifier" in evaluators.features.name
    assert "perceptual network" in evaluators.perceptual.name
    assert evaluators.perceptual.metric == "perceptual distance"
    assert "encoder" in evaluators.names["identity"]


def test_the_discriminator_is_always_there(nothing, base):
    evaluators = find_evaluators(base)
    assert "discriminator" in evaluators.features.name
    assert "discriminator" in evaluators.perceptual.name
    images = torch.rand(3, 3, 32, 32) * 2 - 1
    assert evaluators.perceptual(images, images).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert (evaluators.perceptual(images, images.flip(0))[[0, 2]] > 1e-3).all()
    assert evaluators.likeness(images, images).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert evaluators.likeness(images, images.flip(0))[0] < 1


def test_what_is_missing_is_said(nothing, base):
    with pytest.raises(PasticheError, match="inception features are not at hand: install torch-fidelity, and run `"):
        choose_features("inception", base)
    with pytest.raises(PasticheError, match=r"`pastiche train demo --only perception .* as --classifier"):
        choose_features("classifier", base)
    alone = dataclasses.replace(base, discriminator=None)
    with pytest.raises(PasticheError, match="no network for FID and KID is at hand"):
        choose_features("auto", alone)
    with pytest.raises(PasticheError, match="LPIPS, Pastiche's perceptual network or a discriminator, and none is at hand"):
        find_evaluators(alone)
    blind = find_evaluators(dataclasses.replace(base, encoder=None))
    assert blind.identity is None
    with pytest.raises(PasticheError, match="run `pastiche weights get arcface-irse50`"):
        blind.likeness(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32))


def test_an_encoder_that_refines_its_codes_tells_nobody_apart(nothing, base):
    config = CompactEncoderConfig(num_layers=8, w_dim=16, split=2, channels=(8,) * 6, hidden=16, in_channels=6)
    refining = dataclasses.replace(base, encoder=CompactRestyleEncoder(config))
    assert find_evaluators(refining).identity is None


class Counting(torch.nn.Module):
    """Stands in for torchmetrics' Inception: takes bytes, and gives their mean."""

    def __init__(self, name, features, feature_extractor_weights_path):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.asked = name, features, feature_extractor_weights_path

    def forward(self, pixels):
        assert pixels.dtype == torch.uint8
        return pixels.float().mean(dim=(1, 2, 3))[:, None].expand(-1, 4)


def test_inception_gets_bytes_and_is_called_by_its_name(monkeypatch, base, tmp_path):
    monkeypatch.setattr(inception_module, "find", lambda _entry: tmp_path / "weights.pth")
    monkeypatch.setattr(inception_module.importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(inception_module, "torchmetrics_of", lambda _kind: SimpleNamespace(NoTrainInceptionV3=Counting))
    features = choose_features("auto", base)
    assert features.name == "Inception-v3 (torch-fidelity)"
    assert features.metrics == ("FID", "KID")
    found = features(torch.tensor([-1.0, 0.0, 1.0, 3.0]).view(4, 1, 1, 1).expand(-1, 3, 8, 8))
    assert found[:, 0].tolist() == [0, 128, 255, 255]
    assert found.shape == (4, 4)


def test_published_networks_come_first(monkeypatch, bundled, base):
    torch.manual_seed(0)
    lpips, arcface = LPIPS().requires_grad_(False), ArcFace(ArcFaceConfig(stem=4, widths=(4, 4, 8, 8))).eval()
    monkeypatch.setattr(module, "find_lpips", lambda _folders: lpips)
    monkeypatch.setattr(module, "find", lambda _entry: "model_ir_se50.pth")
    monkeypatch.setattr(module, "load", lambda _name: SimpleNamespace(encoder=arcface))
    evaluators = find_evaluators(base)
    assert evaluators.perceptual.metric == "LPIPS"
    assert evaluators.names["perceptual"] == "LPIPS v0.1 (VGG16)"
    assert evaluators.names["identity"] == "ArcFace"
    assert evaluators.standins == ("FID", "KID")
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    assert torch.allclose(evaluators.perceptual(images, images.flip(0)), lpips(images, images.flip(0)), rtol=1e-4)
    assert evaluators.likeness(images, images).tolist() == pytest.approx([1, 1], abs=1e-4)


def test_weights_of_inception_without_its_package(monkeypatch, tmp_path, caplog):
    """Nothing is downloaded, and the log says what is missing."""
    file = tmp_path / "weights.pth"
    monkeypatch.setattr(inception_module, "find", lambda _entry: file)
    monkeypatch.setattr(inception_module.importlib.util, "find_spec", lambda _name: None)
    assert inception_module.find_inception() is None
    assert "pip install torch-fidelity" in caplog.text
