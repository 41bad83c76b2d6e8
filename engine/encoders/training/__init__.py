"""Training of encoders: pSp, e4e, ReStyle and AgileGAN's hierarchical VAE."""

from .config import METHODS, TRANSLATIONS, EncoderTraining, Method, Preset, Translation, encoder_preset
from .features import Identity, Perception, identity_of, perception_of
from .moco import MoCo
from .train import encoder_task, train_encoder

__all__ = [
    "METHODS",
    "TRANSLATIONS",
    "EncoderTraining",
    "Identity",
    "Method",
    "MoCo",
    "Perception",
    "Preset",
    "Translation",
    "encoder_preset",
    "encoder_task",
    "identity_of",
    "perception_of",
    "train_encoder",
]
