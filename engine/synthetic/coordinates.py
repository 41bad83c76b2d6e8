"""Names of the coordinates of z ~ N(0, I), and the distributions of parameters."""

from math import sqrt

import torch
from torch import Tensor

__all__ = ["COORDINATES", "INDEX", "Draw", "band", "ramp"]

COORDINATES = [
    # who
    "masculine",
    "age",
    "skin",
    "undertone",
    "freckles",
    "blush",
    "olive",
    "texture",
    "stubble",
    "makeup",
    "makeup_hue",
    # shape of head and face
    "face_width",
    "jaw_width",
    "chin_length",
    "cheeks",
    "forehead",
    "head_height",
    "neck",
    "nose_length",
    "nose_width",
    "nose_tip",
    "nose_bridge",
    "eye_size",
    "eye_spacing",
    "eye_tilt",
    "brow_height",
    "brow_width",
    "brow_arch",
    "brow_tilt",
    "mouth_width",
    "lip_upper",
    "lip_lower",
    "mouth_height",
    "ear_size",
    # what the face does
    "smile",
    "mouth_open",
    "brow_raise",
    "eye_open",
    "gaze_x",
    "gaze_y",
    "yaw",
    "pitch",
    "roll",
    # hair
    "hair_tone",
    "hair_warmth",
    "hair_dye",
    "hair_length",
    "hair_volume",
    "hair_curl",
    "hair_sides",
    "fringe",
    "parting",
    "bun",
    "bald",
    "beard",
    "moustache",
    "hair_lift",
    "hair_fade",
    "hair_part",
    "hair_messy",
    "braids",
    "receding",
    "goatee",
    "beard_length",
    # what is worn
    "glasses",
    "glasses_shape",
    "glasses_tone",
    "glasses_rim",
    "hat",
    "hat_kind",
    "earrings",
    "cloth_hue",
    "cloth_tone",
    "cloth_sat",
    "collar",
    "stripes",
    "cloth_style",
    "pattern",
    # light and background
    "light_x",
    "light_y",
    "light_warmth",
    "light_contrast",
    "light_size",
    "exposure",
    "fill_warmth",
    "rim",
    "back_hue",
    "back_tone",
    "back_sat",
    "back_shape",
    "back_place",
    "eye_hue",
    "eye_tone",
    "lip_tone",
]

INDEX = {name: index for index, name in enumerate(COORDINATES)}


class Draw:
    """Maps coordinates of z, by name, to values with a given distribution."""

    def __init__(self, z: Tensor) -> None:
        self.z = z.float()

    def normal(self, name: str, mean: float, std: float, most: float = 2.2) -> Tensor:
        """A Gaussian, softly bounded at `most` standard deviations."""
        return mean + std * most * torch.tanh(self.z[:, INDEX[name], None] / most)

    def uniform(self, name: str, low: float, high: float) -> Tensor:
        return low + (high - low) * self.quantile(name)

    def quantile(self, name: str) -> Tensor:
        """Quantile of the coordinate, from 0 to 1."""
        return 0.5 * (1 + torch.erf(self.z[:, INDEX[name], None] / sqrt(2)))

    def some(self, name: str, share: Tensor | float, soft: float = 0.05) -> Tensor:
        """1 for the given share of portraits and 0 for the others, with a short ramp between."""
        return ramp(self.quantile(name), 1 - share - soft, 1 - share + soft)


def ramp(x: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """Smoothstep from 0 at `low` to 1 at `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def band(x: Tensor, low: float, high: float, soft: float = 0.012) -> Tensor:
    """1 between `low` and `high`; adjacent bands sum to 1."""
    return ramp(x, low - soft, low + soft) * (1 - ramp(x, high - soft, high + soft))
