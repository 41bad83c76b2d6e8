"""BlendGAN's training (Liu et al. 2021): the style encoder, the generator, and its fine-tuning to one picture."""

from .config import BLEND_PRESETS, ONE_SHOT_PRESETS, STYLE_ENCODER_PRESETS, BlendTraining, StyleEncoderTraining
from .finish import blend_checkpoint, style_encoder_checkpoint
from .pairs import Pairs, match_names
from .style_task import SimCLRTask
from .task import BlendTask
from .train import blend_task, one_shot_task, style_encoder_task

__all__ = [
    "BLEND_PRESETS",
    "ONE_SHOT_PRESETS",
    "STYLE_ENCODER_PRESETS",
    "BlendTask",
    "BlendTraining",
    "Pairs",
    "SimCLRTask",
    "StyleEncoderTraining",
    "blend_checkpoint",
    "blend_task",
    "match_names",
    "one_shot_task",
    "style_encoder_checkpoint",
    "style_encoder_task",
]
