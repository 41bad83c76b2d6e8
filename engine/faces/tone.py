"""Changing the tone of a picture without leaving its range."""

from torch import Tensor

__all__ = ["shifted"]


def shifted(image: Tensor, by: Tensor) -> Tensor:
    """Colours with their log-odds shifted: black stays black, white white, and dark tones are multiplied by exp(by).

    Args:
        image: ``[N, C, H, W]`` in [-1, 1].
        by: log-odds that broadcast to it; 0 changes nothing.
    """
    x, factor = (image + 1) / 2, by.exp()
    return 2 * (x * factor / (1 + (factor - 1) * x)) - 1
