"""Training of encoders: pSp, e4e, ReStyle and AgileGAN's hierarchical VAE."""

from .config import METHODS, TRANSLATIONS, EncoderTraining, Method, Translation, fast, paper
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
    "Translation",
    "encoder_task",
    "fast",
    "identity_of",
    "paper",
    "perception_of",
    "train_encoder",
]
