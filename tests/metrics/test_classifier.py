"""The classifier that evaluates models: its labels, and what it counts."""

import math

import pytest
import torch

from pastiche.classes import ATTRIBUTES, IDENTITY
from pastiche.metrics.classifier import (
    LABELS,
    STYLE_NAMES,
    Answers,
    PortraitClassifier,
    drawn_when_asked,
    labels_of,
    recognised_styles,
)
from pastiche.synthetic.attributes import attributes
from pastiche.synthetic.dataset import code
from pastiche.synthetic.parameters import parameters


class Mean(torch.nn.Module):
    """Sees every label in a bright image, and the style by its red."""

    def forward(self, images):
        bright = images.mean(dim=(1, 2, 3))[:, None]
        styles = torch.zeros(len(images), len(STYLE_NAMES))
        styles[:, 2] = images[:, 0].mean(dim=(1, 2))
        return Answers(bright.expand(-1, len(LABELS)), styles, bright)


def test_images_of_any_size_are_classified():
    torch.manual_seed(0)
    network = PortraitClassifier().eval()
    images = torch.nn.functional.interpolate(torch.rand(2, 3, 6, 6) * 2 - 1, size=(96, 96), mode="bilinear")
    found = network(images)
    assert found.labels.shape == (2, len(LABELS))
    assert found.styles.shape == (2, len(STYLE_NAMES))
    assert found.readings.shape == (2, len(ATTRIBUTES) + len(IDENTITY))
    larger = network.read(images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
    assert torch.corrcoef(torch.stack([larger.flatten(), found.readings.flatten()]))[0, 1] > 0.9


def test_the_network_is_kept(tmp_path):
    torch.manual_seed(0)
    network, images = PortraitClassifier().eval(), torch.rand(2, 3, 64, 64) * 2 - 1
    network.save(tmp_path / "classifier.safetensors")
    again = PortraitClassifier.load(tmp_path / "classifier.safetensors")(images)
    assert all(torch.allclose(a, b, atol=0.02) for a, b in zip(again, network(images), strict=True))


def test_labels_are_the_painters():
    known = attributes(parameters(torch.stack([code(index) for index in range(12)])))
    labels = labels_of(known)
    assert labels.shape == (12, len(LABELS))
    assert labels[:, LABELS.index("glasses")].bool().tolist() == known.glasses.tolist()
    assert labels[:, LABELS.index("braids")].bool().tolist() == [hair == "braids" for hair in known.hair]
    assert labels[:, LABELS.index("hat")].bool().tolist() == [hat != "none" for hat in known.hat]


def test_it_counts_what_is_drawn_when_asked_and_when_not():
    images = torch.tensor([1.0, -1.0, 1.0, -1.0]).view(4, 1, 1, 1).expand(4, 3, 8, 8)
    asked = torch.zeros(4, len(LABELS))
    asked[:2, 1] = 1
    found = drawn_when_asked(Mean(), images, asked)
    assert found[LABELS[1]] == (0.5, 0.5)
    shown, wrongly = found[LABELS[0]]
    assert math.isnan(shown)
    assert wrongly == pytest.approx(0.5)


def test_styles_are_chosen_among_those_in_question():
    images = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1).expand(2, 3, 8, 8)
    among = [STYLE_NAMES[0], STYLE_NAMES[2]]
    assert recognised_styles(Mean(), images, among) == [STYLE_NAMES[2], STYLE_NAMES[0]]
