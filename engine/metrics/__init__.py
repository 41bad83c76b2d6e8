"""Metrics of images."""

from .distribution import frechet_distance, kernel_distance, with_error
from .estimate import Estimate
from .flicker import Flicker, measure_flicker
from .learned import LearnedStyle, landmarks_of, score_style
from .people import diversity, found_again, psnr
from .perceptual import pairwise_distance, style_diversity
from .ranks import rank_correlation, rank_interval
from .reconstruction import ms_ssim
from .style import recognised, style_features
from .texture import grain_correlation, texture_energy, texture_ratio

__all__ = [
    "Estimate",
    "Flicker",
    "LearnedStyle",
    "diversity",
    "found_again",
    "frechet_distance",
    "grain_correlation",
    "kernel_distance",
    "landmarks_of",
    "measure_flicker",
    "ms_ssim",
    "pairwise_distance",
    "psnr",
    "rank_correlation",
    "rank_interval",
    "recognised",
    "score_style",
    "style_diversity",
    "style_features",
    "texture_energy",
    "texture_ratio",
    "with_error",
]
