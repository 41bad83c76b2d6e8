"""The classifier that judges models: its labels, and what it counts."""

import math

import pytest
import torch

from pastiche.metrics.classifier import (
    LABELS,
    STYLE_NAMES,
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
        return bright.expand(-1, len(LABELS)), styles


def test_images_of_any_size_are_classified():
    labels, style = PortraitClassifier()(torch.zeros(2, 3, 64, 64))
    assert labels.shape == (2, len(LABELS))
    assert style.shape == (2, len(STYLE_NAMES))


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
