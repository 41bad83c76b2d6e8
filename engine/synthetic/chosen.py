"""Subsets of the points of each portrait in a batch, to compute values only where they are needed.

Portraits need different numbers of points, so shorter lists are padded by repeating their first point. All repetitions compute
the same value, so that writing it several times has no effect.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Chosen", "chosen"]


@dataclass(frozen=True)
class Chosen:
    """Attributes: `index` of the points ``[N, K]``; `real` ``[N, 1]``, False for a portrait without such points."""

    index: Tensor
    real: Tensor

    def __len__(self) -> int:
        return self.index.shape[1]

    def of(self, values: Tensor) -> Tensor:
        """Gather values ``[N, P, ...]`` at the chosen points, ``[N, K, ...]``."""
        if len(values) == 1:
            return values[:, self.index[0]]
        index = self.index.view(*self.index.shape, *[1] * (values.ndim - 2)).expand(-1, -1, *values.shape[2:])
        return values.gather(1, index)

    def put(self, into: Tensor, values: Tensor) -> None:
        """Write values ``[N, K, ...]`` into ``into`` ``[N, P, ...]`` at the chosen points, in place."""
        if len(into) == 1:
            into[:, self.index[0]] = values
            return
        index = self.index.view(*self.index.shape, *[1] * (values.ndim - 2)).expand(-1, -1, *values.shape[2:])
        real = self.real.view(-1, *[1] * (values.ndim - 1))
        into.scatter_(1, index, torch.where(real, values, into.gather(1, index)))

    def spread(self, values: Tensor, count: int) -> Tensor:
        """Scatter values ``[N, K, ...]`` to `count` points, with 0 elsewhere."""
        whole = values.new_zeros(len(self.index), count, *values.shape[2:])
        self.put(whole, values)
        return whole

    def within(self, other: "Chosen") -> "Chosen":
        """Map a subset of the points of `other` to a subset of all points."""
        return Chosen(other.index.gather(1, self.index), self.real & other.real)

    def split(self, size: int) -> list["Chosen"]:
        return [Chosen(index, self.real) for index in self.index.split(size, dim=1)] if len(self) else []


def chosen(mask: Tensor) -> Chosen:
    """The points where `mask` ``[N, P]`` is true."""
    if len(mask) == 1:
        return Chosen(mask[0].nonzero()[:, 0][None], mask.any(dim=1, keepdim=True))
    count = mask.sum(dim=1)
    most = int(count.max())
    first = mask.to(torch.uint8).argmax(dim=1, keepdim=True)
    slot = torch.where(mask, mask.cumsum(dim=1) - 1, most)
    place = torch.arange(mask.shape[1], device=mask.device).expand_as(slot)
    index = first.repeat(1, most + 1).scatter(1, slot, place)[:, :most]
    return Chosen(index, count[:, None] > 0)
