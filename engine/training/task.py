"""What is trained: networks, their optimizers, and the losses of each step.

A `Task` says what one iteration computes; `train` runs it. An iteration draws everything random of its batch once, then runs
the phases in order: each differentiates the sum of its losses and steps one optimizer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import Advice

__all__ = ["Draw", "Losses", "Moment", "Phase", "Stateful", "Task"]

Draw = dict[str, Tensor]
"""Everything random of one batch: tensors on the CPU whose first dimension counts its images (indices of pictures, latents,
seeds of noise, augmentation parameters, flips). A process, and a part of an accumulated batch, sees a slice of each."""

Losses = dict[str, Tensor]
"""Scalars by name. They are weighted already: their sum is differentiated. A name that begins with "_" is only logged."""


class Stateful(Protocol):
    """Anything that must survive a stop. Its state holds tensors, numbers, text, and lists and dicts of them."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where training is.

    Attributes:
        seen: images seen so far.
        iteration: iterations finished so far.
        device: that the networks are on.
        dtype: precision of the convolutions; weights, losses and optimizers stay in float32.
    """

    seen: int = 0
    iteration: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32

    def autocast(self) -> torch.autocast:
        """A context that computes in the precision of the training."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def after(self, batch: int) -> "Moment":
        """The moment one iteration of `batch` images later."""
        return replace(self, seen=self.seen + batch, iteration=self.iteration + 1)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One optimizer step of an iteration: discriminator, R1, generator, path length.

    Attributes:
        name: stands before its losses in logs: ``generator/adversarial``.
        learns: the networks that learn. Of these the parameters that the optimizer holds get gradients; all other parameters
            of the task rest, so layers are frozen by leaving them out of the optimizer.
        optimizer: name of the optimizer that steps.
        losses: computes the losses of a slice of the batch, as means over its images. An iterator gives several, which are
            differentiated one after the other: their gradients add up, and the graph of each is freed before the next.
        every: runs in iterations divisible by it (lazy regularization); the losses carry the factor for it.
        clip: bound of the norm of the gradient; None for none.
    """

    name: str
    learns: tuple[str, ...]
    optimizer: str
    losses: Callable[[Draw, Moment], Losses | Iterator[Losses]]
    every: int = 1
    clip: float | None = None


class Task(ABC):
    """What `train` trains. A constructor builds it on the CPU, and sets these attributes.

    Attributes:
        networks: everything that learns, by name; saved.
        averages: their moving averages, by the name of the network that each follows; saved.
        optimizers: by name; saved.
        states: anything else that must survive a stop: streams of data, a probability of augmentation, queues; saved.
        phases: the steps of an iteration, in order.
        frozen: networks that never learn; moved to the device, not saved.
        config: plain data that describes the training; kept in the saved states, and a state of another config is refused.
        relief: what to do if memory is exhausted, where it is not the batch that can be lowered.
        moment: where training is; `train` keeps it up to date, also after resuming.
    """

    networks: Mapping[str, nn.Module]
    averages: Mapping[str, nn.Module]
    optimizers: Mapping[str, torch.optim.Optimizer]
    states: Mapping[str, Stateful]
    phases: list[Phase]
    frozen: Mapping[str, nn.Module]
    config: Mapping[str, Any]
    relief: Advice | None
    moment: Moment

    def __init__(self) -> None:
        self.networks, self.averages, self.optimizers, self.states, self.frozen, self.config = {}, {}, {}, {}, {}, {}
        self.phases = []
        self.relief = None
        self.moment = Moment()

    @abstractmethod
    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Draw everything random of a batch of `count` images.

        Every process draws the same and takes its slice, so that several processes learn what one would. Nothing else in a
        task may draw random numbers.
        """

    @abstractmethod
    def samples(self) -> Tensor:
        """Preview images ``[N, 3, H, W]`` in [-1, 1], made by the averages; of the same people at every call."""

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:  # noqa: B027 (a hook)
        """Adjust what depends on the losses of an iteration, or on its number: augmentation, learning rates, stages.

        Args:
            losses: by ``phase/name``, without a leading underscore: means over the whole batch, alike on every process.
            moment: after the iteration.
        """

    def finished(self, moment: Moment) -> bool:
        """Whether to stop early. Depends only on what `after_step` was told, so that all processes agree."""
        return False

    def to(self, device: torch.device) -> None:
        """Move all networks to a device. Optimizers follow their parameters."""
        for module in (*self.networks.values(), *self.averages.values(), *self.frozen.values()):
            module.to(device)
