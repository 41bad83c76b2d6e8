"""StyleGAN3 (Karras et al. 2021): alias-free generators, in configurations T and R."""

from .config import Generator3Config
from .generator import Generator3

__all__ = ["Generator3", "Generator3Config"]
