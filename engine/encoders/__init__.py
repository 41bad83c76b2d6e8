"""Encoders: from a picture of a face to a latent code, in one pass."""

from .backbone import Backbone
from .config import IMAGE_SIZE, EncoderConfig
from .pyramid import PyramidEncoder

__all__ = ["IMAGE_SIZE", "Backbone", "EncoderConfig", "PyramidEncoder"]
