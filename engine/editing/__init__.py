"""Edits of faces along directions, interpolation of faces and styles, films, and layer swapping between generators."""

from .channels import STYLESPACE, channels
from .edit import edit, ladder, parse_rows
from .film import FILMS, check_film, write_film
from .interpolate import interpolate, interpolate_many
from .latents import along
from .layers import swap_layers
from .learned import learn_directions
from .published import import_directions
from .regions import REGIONS, RegionMasks, find_regions, in_region, transfer_region
from .render import render_film
from .response import calibrate, found_after, measure
from .retarget import retarget
from .sefa import find_sefa
from .style_blend import Blendable, StyleBlend
from .timeline import EASINGS, Easing, mixed, positions

__all__ = [
    "EASINGS",
    "FILMS",
    "REGIONS",
    "STYLESPACE",
    "Blendable",
    "Easing",
    "RegionMasks",
    "StyleBlend",
    "along",
    "calibrate",
    "channels",
    "check_film",
    "edit",
    "find_regions",
    "find_sefa",
    "found_after",
    "import_directions",
    "in_region",
    "interpolate",
    "interpolate_many",
    "ladder",
    "learn_directions",
    "measure",
    "mixed",
    "parse_rows",
    "positions",
    "render_film",
    "retarget",
    "swap_layers",
    "transfer_region",
    "write_film",
]
