"""GAN inversion: from images to latents."""

from .invert import Method, encode, invert
from .optimize import Inversion, Optimization, optimize
from .pivotal import COARSE_TO_FINE, PivotalTuning, tune

__all__ = ["COARSE_TO_FINE", "Inversion", "Method", "Optimization", "PivotalTuning", "encode", "invert", "optimize", "tune"]
