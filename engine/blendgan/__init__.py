"""BlendGAN (Liu et al. 2021): one generator for any style, given by one image or one code."""

from .config import BlendConfig, ProjectionConfig, StyleEncoderConfig
from .discriminator import BlendDiscriminator, ProjectionDiscriminator
from .encoder import StyleEncoder
from .generator import BlendGenerator
from .style import INDICATOR, BlendStyle

__all__ = [
    "INDICATOR",
    "BlendConfig",
    "BlendDiscriminator",
    "BlendGenerator",
    "BlendStyle",
    "ProjectionConfig",
    "ProjectionDiscriminator",
    "StyleEncoder",
    "StyleEncoderConfig",
]
