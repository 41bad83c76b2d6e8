"""AgileGAN (Song et al. 2021): one generator with a path for each attribute, driven by a hierarchical VAE."""

from .config import AgileConfig
from .generator import AgileGenerator
from .style import AttributeStyle

__all__ = ["AgileConfig", "AgileGenerator", "AttributeStyle"]
