"""StyleGAN2: generator, discriminator, resampling."""

from .config import DiscriminatorConfig, GeneratorConfig, published_channels
from .discriminator import Discriminator
from .generator import Generator
from .latent_generator import LatentGenerator, Noise

__all__ = [
    "Discriminator",
    "DiscriminatorConfig",
    "Generator",
    "GeneratorConfig",
    "LatentGenerator",
    "Noise",
    "published_channels",
]
