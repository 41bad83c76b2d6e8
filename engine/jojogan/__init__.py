"""JoJoGAN: a style learned from one image (Chong and Forsyth, ECCV 2022)."""

from .interpolate import interpolate_features
from .loss import FeatureLoss, IdentityNetwork, ReferenceLoss, greyscale, identity_loss
from .mixing import Mixer, mix_rows
from .one_shot import one_shot
from .settings import PRESETS, OneShot, preset
from .style import JoJoStyle
from .train import fine_tune, training_codes

__all__ = [
    "PRESETS",
    "FeatureLoss",
    "IdentityNetwork",
    "JoJoStyle",
    "Mixer",
    "OneShot",
    "ReferenceLoss",
    "fine_tune",
    "greyscale",
    "identity_loss",
    "interpolate_features",
    "mix_rows",
    "one_shot",
    "preset",
    "training_codes",
]
