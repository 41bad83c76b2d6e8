"""From pictures to latents."""

from .invert import Method, encode, invert
from .optimize import Inversion, Optimization, optimize

__all__ = ["Inversion", "Method", "Optimization", "encode", "invert", "optimize"]
