"""Batches of what the stages learn from: portraits at several sizes, and the same people in painted styles."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..synthetic.dataset import PortraitDataset

__all__ = ["batches", "draw_indices", "known", "level"]

Indices = npt.NDArray[np.int64]


def level(levels: Sequence[PortraitDataset], side: int) -> PortraitDataset:
    """The smallest portraits of at least `side` pixels, or the largest if none has so many.

    The portrait of a code is the same at every size. Small ones cost a fraction, so there are more of them.
    """
    ordered = sorted(levels, key=lambda dataset: dataset.resolution)
    return next((dataset for dataset in ordered if dataset.resolution >= side), ordered[-1])


def known(datasets: Sequence[PortraitDataset], held_out: int) -> Indices:
    """Codes that are painted in all of the datasets by now, without the first `held_out`."""
    count = min(len(dataset) for dataset in datasets)
    ready = np.flatnonzero(np.logical_and.reduce([dataset.done[:count] for dataset in datasets]))
    return ready[ready >= held_out]


def draw_indices(datasets: Sequence[PortraitDataset], held_out: int, size: int, rng: torch.Generator) -> Indices:
    """`size` of the `known` codes at random."""
    indices = known(datasets, held_out)
    chosen: Indices = indices[torch.randint(len(indices), (size,), generator=rng).numpy()]
    return chosen


def batches(dataset: PortraitDataset, held_out: int, size: int, rng: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless random batches of codes and pictures, from what has been painted so far."""
    while True:
        yield dataset.batch(draw_indices([dataset], held_out, size, rng))[:2]
