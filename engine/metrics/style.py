"""Whether an image can be told to be in the style of its reference, by palette and texture alone."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import ImageError
from ..images import luma
from .texture import grain_correlation, texture_energy

__all__ = ["recognised", "style_features"]

LEVELS = 3  # sizes at which texture is measured: full, half and a quarter
QUANTILES = (0.1, 0.5, 0.9)


def style_features(images: Tensor) -> Tensor:
    """What an image is painted with, wherever in it: palette and texture, ``[N, 15]``.

    Nothing of it was trained. Quantiles of lightness, of red against green and of yellow against blue; of three sizes,
    the logarithm of the texture's energy and how long its strokes are.

    Args:
        images: ``[N, 3, H, W]`` in [-1, 1].
    """
    red, green, blue = images.split(1, dim=1)
    opponents = torch.cat([luma(images), red - green, (red + green) / 2 - blue], dim=1).flatten(2)  # [N, 3, H W]
    parts = [opponents.quantile(images.new_tensor(QUANTILES), dim=2).permute(1, 2, 0).flatten(1)]
    for level in range(LEVELS):
        smaller = F.avg_pool2d(images, 2**level)
        parts += [(texture_energy(smaller) + 1e-6).log()[:, None] / 4, grain_correlation(smaller)[:, None]]
    return torch.cat(parts, dim=1)


def recognised(pictures: Mapping[str, Tensor], references: Mapping[str, Tensor]) -> dict[str, float]:
    """Of each style's images, the part whose nearest reference by `style_features` is the style's own.

    With K styles, 1 / K is chance. Features are divided by their spread among the references.

    Args:
        pictures: of each style, ``[N, 3, H, W]`` in [-1, 1].
        references: of each style, ``[1, 3, H, W]``, of the images' size.

    Raises:
        ImageError: fewer than two references were given, or images have none.
    """
    if len(references) < 2 or not set(pictures) <= set(references):
        raise ImageError(
            f"styles are told apart among the references {', '.join(references) or 'none'}, and pictures are in "
            f"{', '.join(pictures)}: give at least two references, and one for each style"
        )
    names = list(references)
    table = torch.cat([style_features(references[name]) for name in names])
    scale = table.std(dim=0).clamp_min(1e-6)
    found = {
        name: torch.cdist(style_features(images) / scale, table / scale).argmin(dim=1) for name, images in pictures.items()
    }
    return {name: (nearest == names.index(name)).float().mean().item() for name, nearest in found.items()}
