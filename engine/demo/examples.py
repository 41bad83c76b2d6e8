"""Networks that learn from examples with known answers: the common part of most stages of the demo bundle."""

from abc import abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from ..progress import Progress
from ..training.task import Draw, Losses, Moment, Phase, Task
from .run import Run

__all__ = ["ExampleTask"]

Network = TypeVar("Network", bound=nn.Module)

CLIP = 5.0
DECAY = 0.01


class ExampleTask(Task, Generic[Network]):
    """AdamW, a learning rate that rises and falls, bounded gradients, and a moving average.

    Args:
        network: that learns.
        name: of the stage: of its folder, and before its losses.
        images: to see in all.
        lr: the highest learning rate.
        warm_up: images until the rate is reached.
        falls: the rate falls to nearly nothing in the second half.
    """

    def __init__(self, network: Network, *, name: str, images: int, lr: float, warm_up: int = 2000, falls: bool = True) -> None:
        super().__init__()
        self.name, self.images, self.lr, self.warm_up, self.falls = name, images, lr, warm_up, falls
        self.network, self.average = network, deepcopy(network).eval()
        self.networks, self.averages = {name: self.network}, {name: self.average}
        self.optimizers = {"adam": torch.optim.AdamW(network.parameters(), lr=self._rate(0), weight_decay=DECAY)}
        self.phases = [Phase(name=name, learns=(name,), optimizer="adam", losses=self.losses, clip=CLIP)]
        self._shown = torch.zeros(1, 3, 64, 64)

    @abstractmethod
    def examples(self, rng: torch.Generator, count: int) -> Draw:
        """Examples with their answers. ``images`` are what the network sees."""

    @abstractmethod
    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """The losses of the network's answers."""

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """As `examples`."""
        drawn = self.examples(rng, count)
        self._shown = drawn["images"]
        return drawn

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Set the learning rate of the next iteration."""
        for group in self.optimizers["adam"].param_groups:
            group["lr"] = self._rate(moment.seen)

    def _rate(self, seen: int) -> float:
        left = 2.0 * (1 - seen / self.images) + 0.01 if self.falls else 1.0
        return self.lr * min(1.0, seen / self.warm_up + 0.01, left)

    def samples(self) -> Tensor:
        """What the network was shown last."""
        return self._shown

    def learn(self, run: Run, *, batch: int, seed: int, average_images: float = 2_000, progress: Progress) -> Network:
        """Train in a folder of the run that has the stage's name.

        Returns:
            the moving average of the network.
        """
        schedule = run.schedule(images=self.images, batch=batch, seed=seed, average_images=average_images)
        run.train(self, schedule, self.name, progress)
        return self.average
