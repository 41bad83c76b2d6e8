"""The frame in which heads are composited: the crop and its surroundings in the photo.

FFHQ's crop often cuts off the top of the hair. The frame adds 1/8 of the crop's side at the left and right, 3/16 above and
1/16 below. It is square again, and a crop whose side is a multiple of 16 maps onto whole pixels.
"""

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from .shape import Array

__all__ = ["FRAME", "INNER", "STEP", "frame_matrix", "framed"]

INNER = 256  # side of the crop within a frame of masks
FRAME = 320  # side of that frame
STEP = 16
LEFT, TOP, BOTTOM = 1 / 8, 3 / 16, 1 / 16  # margins, in sides of the crop


def frame_matrix(matrix: Array, size: int) -> Array:
    """``[3, 3]`` from pixel indices of the frame, `FRAME` pixels wide, to those of the photo.

    Args:
        matrix: ``[3, 3]`` from pixel indices of the crop to those of the photo.
        size: side of the crop in pixels.
    """
    scale = size / INNER
    x, y = ((0.5 - margin * INNER) * scale - 0.5 for margin in (LEFT, TOP))
    widened: Array = matrix @ np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])
    return widened


def framed(image: Tensor, *, onwards: bool = False) -> Tensor:
    """Pad a crop ``[1, C, S, S]`` to its frame ``[1, C, 5 S / 4, 5 S / 4]``; S must be a multiple of 16.

    Args:
        onwards: replicate the crop's edge instead of padding with zeros.
    """
    side = image.shape[-1]
    margins = [round(margin * side) for margin in (LEFT, LEFT, TOP, BOTTOM)]
    return F.pad(image, margins, mode="replicate" if onwards else "constant")
