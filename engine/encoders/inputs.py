"""What an encoder looks at besides photographs: sketches and label maps, which pSp translates into faces.

Richardson et al. 2021, section 4.3. Must match ``transforms_config.py`` of eladrich/pixel2style2pixel: a sketch is one grey
channel in [0, 1], without the shift to [-1, 1]; a label map is one channel for each class, 1 where the class is.
"""

import torch.nn.functional as F
from torch import Tensor

from ..errors import ImageError
from ..images import Method, luma, resize

__all__ = ["as_input"]

GREY = 1
PICTURES = (3, 6)  # channels of a picture, and of ReStyle's pair


def as_input(images: Tensor, channels: int, size: int, method: Method) -> Tensor:
    """Pictures ``[N, 3, H, W]`` in [-1, 1] as an encoder with so many input channels takes them, ``[N, channels, size, size]``.

    Args:
        channels: 3 or 6: pictures stay as they are; 1: a sketch; else the number of classes of a label map, whose pixels
            are grey values of 0, 1, 2, ... of 255.
        size: side in pixels. A label map is resized to the nearest pixel.
        method: of resizing, for pictures and sketches.

    Raises:
        ImageError: a label is not below the number of classes.
    """
    if channels in PICTURES:
        return resize(images, size, method)
    if channels == GREY:
        return (luma(resize(images, size, method)) + 1) / 2
    labels = ((F.interpolate(images[:, 0:1], size=size, mode="nearest")[:, 0] + 1) * 127.5).round().long()
    if int(labels.max()) >= channels:
        raise ImageError(
            f"a label map holds the value {int(labels.max())}, and this encoder knows the classes 0 to {channels - 1}: "
            "save the map as grey pixels whose value is the class"
        )
    return F.one_hot(labels, channels).permute(0, 3, 1, 2).to(images.dtype)
