"""The frame in which heads change places: a crop, and what the photo shows around it.

A crop as FFHQ cuts them often lacks the top of the hair. The frame has an eighth more to each side, three sixteenths
above and one below, so it is a square again, and a crop whose side is a multiple of 16 fits into it pixel by pixel.
"""

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from .shape import Array

__all__ = ["FRAME", "INNER", "STEP", "frame_matrix", "framed"]

INNER = 256  # side of the crop in a frame of masks
FRAME = 320  # side of that frame
STEP = 16
LEFT, TOP, BOTTOM = 1 / 8, 3 / 16, 1 / 16  # margins, in sides of the crop


def frame_matrix(matrix: Array, size: int) -> Array:
    """From pixel indices of the frame, of `FRAME` pixels, to those of the photo.

    Args:
        matrix: ``[3, 3]`` from pixel indices of the crop to those of the photo.
        size: side of the crop.
    """
    scale = size / INNER
    x, y = ((0.5 - margin * INNER) * scale - 0.5 for margin in (LEFT, TOP))
    widened: Array = matrix @ np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])
    return widened


def framed(image: Tensor, *, onwards: bool = False) -> Tensor:
    """A crop ``[1, C, S, S]`` within its frame ``[1, C, 5 S / 4, 5 S / 4]``; S is a multiple of 16.

    Args:
        onwards: its edge goes on to the frame's; otherwise zeros surround it.
    """
    side = image.shape[-1]
    margins = [round(margin * side) for margin in (LEFT, LEFT, TOP, BOTTOM)]
    return F.pad(image, margins, mode="replicate" if onwards else "constant")
