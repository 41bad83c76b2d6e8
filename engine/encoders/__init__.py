"""Encoders: from an image of a face to a latent code, in one pass or a few, and to who it is."""

from .arcface import ArcFace, ArcFaceConfig
from .backbone import Backbone
from .config import IMAGE_SIZE, EncoderConfig
from .face import FaceEncoder
from .hvae import Variational, VariationalEncoder
from .last_layer import LastLayerWEncoder, LastLayerWPlusEncoder
from .pyramid import PyramidEncoder
from .restyle import Refining, RestyleEncoder

__all__ = [
    "IMAGE_SIZE",
    "ArcFace",
    "ArcFaceConfig",
    "Backbone",
    "EncoderConfig",
    "FaceEncoder",
    "LastLayerWEncoder",
    "LastLayerWPlusEncoder",
    "PyramidEncoder",
    "Refining",
    "RestyleEncoder",
    "Variational",
    "VariationalEncoder",
]
