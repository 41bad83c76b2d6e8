"""Metrics of images."""

from .flicker import Flicker, measure_flicker
from .learned import LearnedStyle, landmarks_of, score_style
from .people import diversity, found_again, psnr
from .style import recognised, style_features
from .texture import grain_correlation, texture_energy, texture_ratio

__all__ = [
    "Flicker",
    "LearnedStyle",
    "diversity",
    "found_again",
    "grain_correlation",
    "landmarks_of",
    "measure_flicker",
    "psnr",
    "recognised",
    "score_style",
    "style_features",
    "texture_energy",
    "texture_ratio",
]
