"""Painted portraits as the pictures of a training: whom each shows is known, and which two have the same manner."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..synthetic.dataset import PortraitDataset, code

__all__ = ["Gallery"]


class Gallery:
    """The painted portraits of several datasets, by number: those of the first dataset, then of the second, and so on.

    The manner of a portrait depends on its index alone. So datasets of other seeds show other people in the same manners, and
    one of the same seed goes on where the first one ends.

    Args:
        datasets: of one side, in painted styles.
        held_out: number of manners, from the first on, that are left out.

    Attributes:
        z: of the people, ``[M, D]``.
        manners: of the portraits, ``[M]``.
        partners: for each portrait the number of another one in its manner, or its own where there is none, ``[M]``.
        known: for each portrait whether it is of the people of the first dataset, whose seed it has, bool ``[M]``.
    """

    def __init__(self, datasets: Sequence[PortraitDataset], held_out: int) -> None:
        ready = [dataset.ready() for dataset in datasets]
        chosen = [indices[indices >= held_out] for indices in ready]
        self._images = [dataset.images for dataset in datasets]
        self._where = torch.cat([torch.full((len(indices),), which) for which, indices in enumerate(chosen)])
        self.manners = torch.from_numpy(np.concatenate(chosen))
        seeds = [dataset.seed for dataset in datasets]
        people = zip(self._where.tolist(), self.manners.tolist(), strict=True)
        self.z = torch.stack([code(index, seeds[which]) for which, index in people])
        self.partners = _partners(self.manners)
        self.known = torch.tensor([seeds[which] == seeds[0] for which in self._where.tolist()])

    def __len__(self) -> int:
        return len(self.manners)

    def batch(self, numbers: Tensor, flips: Tensor | None = None, device: torch.device | str = "cpu") -> Tensor:
        """Portraits ``[N, 3, R, R]``, RGB in [-1, 1]; those are mirrored where `flips` ``[N]`` is true."""
        places = zip(self._where[numbers].tolist(), self.manners[numbers].tolist(), strict=True)
        found = torch.from_numpy(np.stack([self._images[which][index] for which, index in places])).to(device)
        found = found.float() / 127.5 - 1
        return found if flips is None else torch.where(flips.to(device).view(-1, 1, 1, 1), found.flip(3), found)


def _partners(manners: Tensor) -> Tensor:
    """For each place the next one of the same manner, the first one after the last."""
    partners = torch.arange(len(manners))
    order = manners.argsort(stable=True)
    for places in order.split(torch.bincount(manners).tolist()):
        partners[places] = places.roll(-1)
    return partners
