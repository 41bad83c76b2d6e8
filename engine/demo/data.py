"""Training batches: portraits at several sizes, and the same people in painted styles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ..synthetic.dataset import PortraitDataset

__all__ = ["Portfolio", "draw_indices", "level", "painted_codes"]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Portfolio:
    """All portraits that a bundle is trained on: the same people, in the same order.

    Attributes:
        levels: plain, a dataset for each size.
        painted: in painted styles.
        varied: with one group of coordinates changed; None in a run that painted none, whose base is not trained again.
    """

    levels: list[PortraitDataset]
    painted: PortraitDataset
    varied: PortraitDataset | None


def level(levels: Sequence[PortraitDataset], side: int) -> PortraitDataset:
    """The smallest portraits of at least `side` pixels, or the largest ones if all are smaller.

    A code has the same portrait at every size. Small portraits are cheaper, so there are more of them.
    """
    ordered = sorted(levels, key=lambda dataset: dataset.resolution)
    return next((dataset for dataset in ordered if dataset.resolution >= side), ordered[-1])


def painted_codes(datasets: Sequence[PortraitDataset], held_out: int) -> Indices:
    """Indices of the codes that are already painted in all datasets, without the first `held_out`."""
    count = min(len(dataset) for dataset in datasets)
    ready = np.flatnonzero(np.logical_and.reduce([dataset.done[:count] for dataset in datasets]))
    return ready[ready >= held_out]


def draw_indices(datasets: Sequence[PortraitDataset], held_out: int, size: int, rng: torch.Generator) -> Indices:
    """`size` random indices from `painted_codes`."""
    indices = painted_codes(datasets, held_out)
    chosen: Indices = indices[torch.randint(len(indices), (size,), generator=rng).numpy()]
    return chosen
