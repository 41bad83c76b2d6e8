"""Settings out of range."""

import math
from dataclasses import dataclass
from typing import Literal

import pytest

from pastiche.agilegan.training.config import AgileTransfer
from pastiche.blendgan.training.config import BlendTraining, StyleEncoderTraining
from pastiche.dualstylegan.training.config import Adversary, DualRecipe, StyleTransfer
from pastiche.encoders.training import EncoderTraining
from pastiche.errors import TrainingError
from pastiche.stylegan2.training import StyleGAN2Training
from pastiche.training.ranges import check_settings


@dataclass(frozen=True, kw_only=True)
class Settings:
    every: int = 1
    rate: float = 1.0
    weight: float = 0.0
    share: float = 0.5
    kind: Literal["a", "b"] = "a"

    def __post_init__(self):
        check_settings(self, counts=("every",), positive=("rate",), weights=("weight",), shares=("share",))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"every": 0}, "every is 0: it must be at least 1"),
        ({"rate": 0.0}, "rate is 0.0: it must be above 0"),
        ({"rate": math.nan}, "rate is nan: it must be above 0"),
        ({"rate": math.inf}, "rate is inf: it must be above 0, and finite"),
        ({"weight": -1.0}, "weight is -1.0: .* can't be negative"),
        ({"weight": math.nan}, "weight is nan"),
        ({"share": 1.1}, "share is 1.1: expected a share from 0 to 1"),
        ({"kind": "c"}, "kind is 'c': choose one of a, b"),
    ],
)
def test_what_is_out_of_range_is_named(changes, problem):
    assert Settings()
    with pytest.raises(TrainingError, match=problem):
        Settings(**changes)


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (AgileTransfer, {"lr": -1.0}),
        (AgileTransfer, {"flip": 2.0}),
        (BlendTraining, {"path_every": 0}),
        (BlendTraining, {"r1_every": 0}),
        (BlendTraining, {"queue": 0}),
        (BlendTraining, {"augment": "bgc"}),
        (StyleEncoderTraining, {"backbone": "vgg"}),
        (StyleEncoderTraining, {"lr": -1.0}),
        (StyleGAN2Training, {"resolution": 16, "lr": 0.0}),
        (EncoderTraining, {"optimizer": "adams"}),
        (EncoderTraining, {"backbone": "vgg"}),
        (Adversary, {"r1_every": 0}),
        (StyleTransfer, {"batch": 0}),
        (StyleTransfer, {"identity": -1.0}),
        (DualRecipe, {"accumulate": 0}),
    ],
)
def test_every_method_refuses_what_it_can_not_train_with(settings, changes):
    """Each would have ended in a division by zero, in PyTorch's own words, or in another training than was asked for."""
    with pytest.raises(TrainingError, match=" is "):
        settings(**changes)
