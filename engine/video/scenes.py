"""Scene cuts: a frame that has little in common with the one before, compared with what usually changes."""

import numpy as np
import torch
from torch import Tensor

from ..images import resize

__all__ = ["Cuts"]

SIDE = 24  # of the copies that are compared
LEAST = 0.12  # mean difference of a cut, in colours from 0 to 1
FACTOR = 4.0  # how many times the usual difference it is
SHARED = 0.7  # overlap of the two frames' histograms, at most; pans and flashes of motion leave the colours there
BINS = 16
MEMORY = 0.9  # of the usual difference, from frame to frame


class Cuts:
    """Says of each frame whether a new scene begins with it."""

    def __init__(self) -> None:
        self._before: Tensor | None = None
        self._usual = 0.02

    def __call__(self, image: Tensor) -> bool:
        """Compare with the frame before.

        Args:
            image: ``[1, 3, H, W]`` in [-1, 1].
        """
        small = resize(image, SIDE, "area").add(1).div(2)
        before, self._before = self._before, small
        if before is None:
            return False
        difference = float((small - before).abs().mean())
        cut = difference > max(LEAST, FACTOR * self._usual) and _overlap(small, before) < SHARED
        if not cut:
            self._usual = MEMORY * self._usual + (1 - MEMORY) * difference
        return cut

    def state(self) -> dict[str, Tensor]:
        """What is needed to go on in another process."""
        before = torch.zeros(0) if self._before is None else self._before
        return {"cut_before": before, "cut_usual": torch.tensor([self._usual])}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from `state`."""
        self._before = state["cut_before"] if state["cut_before"].numel() else None
        self._usual = float(state["cut_usual"])


def _overlap(one: Tensor, other: Tensor) -> float:
    """Shared part of two histograms of colours, mean over the channels."""
    shared = []
    for channel in range(3):
        a, b = (np.histogram(image[0, channel].numpy(), bins=BINS, range=(0, 1))[0] / SIDE**2 for image in (one, other))
        shared.append(float(np.minimum(a, b).sum()))
    return sum(shared) / 3
