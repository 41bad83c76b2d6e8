"""Interpolation of faces and styles, films, and layer swapping between generators."""

from .film import FILMS, check_film, write_film
from .interpolate import interpolate, interpolate_many
from .latents import along
from .layers import swap_layers
from .render import render_film
from .style_blend import Blendable, StyleBlend
from .timeline import EASINGS, Easing, mixed, positions

__all__ = [
    "EASINGS",
    "FILMS",
    "Blendable",
    "Easing",
    "StyleBlend",
    "along",
    "check_film",
    "interpolate",
    "interpolate_many",
    "mixed",
    "positions",
    "render_film",
    "swap_layers",
    "write_film",
]
