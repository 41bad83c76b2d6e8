"""Pictures that a discriminator learns from, and the same ones as exemplars by number."""

from typing import Any

import torch
from torch import Tensor

from ...training.data import PictureDataset, Stream
from ...training.task import Draw

__all__ = ["Pictures"]


class Pictures:
    """A dataset in shuffled epochs, mirrored at random; also by number.

    Args:
        dataset: of the generator's resolution.
        mirror: each picture is two exemplars: itself, and after all of these, mirrored.
    """

    def __init__(self, dataset: PictureDataset, *, mirror: bool = False) -> None:
        self.dataset = dataset
        self.copies = 2 if mirror else 1
        self._stream = Stream(len(dataset))

    def __len__(self) -> int:
        """Number of exemplars."""
        return self.copies * len(self.dataset)

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Numbers of the next pictures, and which are mirrored."""
        return {"picture": self._stream.next(count, rng), "flip": torch.rand(count, generator=rng) < 0.5}

    def images(self, draw: Draw, device: torch.device | str = "cpu") -> Tensor:
        """The pictures ``[N, 3, H, W]`` that were drawn, in [-1, 1]."""
        return self.dataset.batch(draw["picture"], draw["flip"], device)

    def exemplars(self, numbers: Tensor, device: torch.device | str = "cpu") -> Tensor:
        """Exemplars ``[N, 3, H, W]`` by their numbers ``[N]``."""
        return self.dataset.batch(numbers % len(self.dataset), numbers >= len(self.dataset), device)

    def state_dict(self) -> dict[str, Any]:
        return self._stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._stream.load_state_dict(state)
