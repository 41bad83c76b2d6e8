"""GAN inversion: from images to latents."""

from .invert import Method, encode, invert
from .optimize import Optimization, optimize
from .pivotal import COARSE_TO_FINE, PivotalTuning, tune

__all__ = ["COARSE_TO_FINE", "Method", "Optimization", "PivotalTuning", "encode", "invert", "optimize", "tune"]
