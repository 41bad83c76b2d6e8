"""StyleGAN3 (Karras et al. 2021): generators without aliasing, in the configurations T and R."""

from .config import Generator3Config
from .generator import Generator3

__all__ = ["Generator3", "Generator3Config"]
