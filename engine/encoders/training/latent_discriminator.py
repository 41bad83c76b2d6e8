"""The discriminator of codes, and its pool of earlier ones (Tov et al. 2021, section 5.2).

Must match ``models/latent_codes_pool.py`` and ``LatentCodesDiscriminator`` of omertov/encoder4editing.
"""

import torch
from torch import Tensor, nn

__all__ = ["CodePool", "LatentDiscriminator"]

SLOPE = 0.2


class LatentDiscriminator(nn.Module):
    """Rows of w+ ``[..., D]`` to logits ``[..., 1]``: more where the row looks like a sample of w.

    Args:
        dim: D.
        layers: of the perceptron, the last one included.
    """

    def __init__(self, dim: int, layers: int = 4) -> None:
        super().__init__()
        self.mlp = nn.Sequential()
        for _ in range(layers - 1):
            self.mlp.extend([nn.Linear(dim, dim), nn.LeakyReLU(SLOPE)])
        self.mlp.append(nn.Linear(dim, 1))

    def forward(self, rows: Tensor) -> Tensor:
        with torch.autocast(rows.device.type, enabled=False):
            return self.mlp(rows.float())  # type: ignore[no-any-return]


class CodePool(nn.Module):
    """Keeps rows that the encoder gave earlier, so that the discriminator sees more than the latest ones.

    In the manner of Shrivastava et al. 2017. It stays on the CPU. Every process of a distributed run sees the rows of all of
    them, so the pool is the same in each.

    Args:
        size: rows that are kept; 0 keeps none.
        dim: D, of a row.
    """

    rows: Tensor
    stored: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("rows", torch.zeros(size, dim))
        self.register_buffer("stored", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def exchange(self, rows: Tensor, swap: Tensor, place: Tensor) -> Tensor:
        """Rows ``[N, D]``, some of which are exchanged for earlier ones.

        Until the pool is full, every row is kept, and given back. Then a row is given back, or takes the place of an
        earlier one, which is given in its stead.

        Args:
            rows: new rows.
            swap: ``[N]``, whether to exchange.
            place: ``[N]`` in [0, 1): which row of the pool.
        """
        fresh = rows.cpu().float()
        given = fresh.clone()
        for index, (exchanged, where) in enumerate(zip(swap.tolist(), place.tolist(), strict=True)):
            count = int(self.stored)
            if count < self.size:
                self.rows[count] = fresh[index]
                self.stored += 1
            elif exchanged and self.size:
                at = int(where * self.size)
                given[index] = self.rows[at]
                self.rows[at] = fresh[index]
        return given.to(rows)
