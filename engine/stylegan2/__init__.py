"""StyleGAN2: generator, discriminator, resampling."""

from .config import DiscriminatorConfig, GeneratorConfig, published_channels
from .discriminator import Discriminator
from .generator import Generator, Noise

__all__ = ["Discriminator", "DiscriminatorConfig", "Generator", "GeneratorConfig", "Noise", "published_channels"]
