"""Numbers that judge pictures."""

from .style import recognised, style_features
from .texture import grain_correlation, texture_energy, texture_ratio

__all__ = ["grain_correlation", "recognised", "style_features", "texture_energy", "texture_ratio"]
