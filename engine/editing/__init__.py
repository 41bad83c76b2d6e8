"""Between faces, between styles, between generators: interpolation, films and swapped layers."""

from .film import FILMS, check_film, write_film
from .interpolate import interpolate, interpolate_many
from .latents import along
from .layers import swap_layers
from .render import render_film
from .styles import Blendable, StyleBlend
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
