"""The queue of style embeddings (Liu et al. 2021, section 3.3): what the latent discriminator is shown as a wrong style.

The style encoder is fixed while the generator learns. So each picture has one code, which is computed once, and the queue
holds the numbers of pictures instead of codes: it is the same in every process, and a few kilobytes in a saved state.
"""

from typing import Any

import torch
from torch import Tensor

__all__ = ["NegativeQueue"]

TRIES = 4  # draws for each picture, of which the first is taken that is no copy of it


class NegativeQueue:
    """The numbers of the pictures that were shown last.

    Args:
        length: how many are remembered. The paper names no number.
        pictures: how many there are; the queue starts with numbers of all of them, evenly spread.
    """

    def __init__(self, length: int, pictures: int) -> None:
        self.recent = torch.arange(length) * pictures // length
        self.next = 0

    def draw(self, rng: torch.Generator, shown: Tensor) -> Tensor:
        """Numbers ``[N]`` from the queue, each of another picture than that of `shown` ``[N]`` at its place where there is one.

        Afterwards `shown` takes the place of the oldest ones.
        """
        candidates = self.recent[torch.randint(len(self.recent), (len(shown), TRIES), generator=rng)]
        other = candidates != shown[:, None]
        chosen = candidates.gather(1, other.int().argmax(dim=1, keepdim=True))[:, 0]
        self._push(shown)
        return chosen

    def _push(self, shown: Tensor) -> None:
        places = (self.next + torch.arange(len(shown))) % len(self.recent)
        self.recent[places] = shown
        self.next = int(places[-1] + 1) % len(self.recent)

    def state_dict(self) -> dict[str, Any]:
        """The queue, for a saved state."""
        return {"recent": self.recent.clone(), "next": self.next}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.recent, self.next = state["recent"].clone(), state["next"]
