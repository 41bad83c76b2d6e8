"""From pictures to latents."""

from .invert import Method, encode, invert
from .optimize import Inversion, Optimization, optimize
from .pivotal import PivotalTuning, Tuned, tune

__all__ = ["Inversion", "Method", "Optimization", "PivotalTuning", "Tuned", "encode", "invert", "optimize", "tune"]
