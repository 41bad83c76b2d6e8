"""The networks of progressive fine-tuning: a face generator, its extrinsic path, and their discriminator."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from ...stylegan2 import Discriminator, Generator
from ..config import DualStyleConfig
from ..generator import DualStyleGenerator
from .config import Adversary, structure_rows_of

__all__ = ["PathMean", "Players", "with_extrinsic_path"]


def with_extrinsic_path(generator: Generator, seed: int = 0) -> DualStyleGenerator:
    """A face generator with an untrained extrinsic path: colours by style mixing, and hardly any structure (stage I).

    A generator that has an extrinsic path keeps its own. The argument is not changed.

    Args:
        seed: of the extrinsic path's weights.
    """
    if isinstance(generator, DualStyleGenerator):
        return deepcopy(generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = {**asdict(generator.config), "structure_rows": structure_rows_of(generator.num_layers)}
        dual = DualStyleGenerator(DualStyleConfig(**sizes))
    dual.load_state_dict({**dual.state_dict(), **generator.state_dict()})
    return dual.to(generator.w_avg.device)


class PathMean:
    """The moving mean of path lengths (Karras et al. 2020)."""

    def __init__(self) -> None:
        self.value = 0.0

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.value = float(state["value"])

    def tensor(self, like: Tensor) -> Tensor:
        """The mean on a tensor's device."""
        return torch.tensor(self.value, device=like.device)

    def move(self, length: float, decay: float) -> None:
        """Move towards the mean length of a batch."""
        self.value += decay * (length - self.value)


class Players:
    """Everything that one stage against a discriminator hands to the next.

    The face generator never learns; the extrinsic path does, all of it. The release averages its residual blocks alone, so
    that the T_s which it publishes is untrained; here T_s is averaged too.

    Args:
        generator: the start, as `with_extrinsic_path` gives it.
        discriminator: of the generator.
        adversary: rates of the optimizers.

    Attributes:
        generator: whose extrinsic path learns.
        average: the moving average; shares the face generator's weights with `generator`.
        optimizers: "generator" and "discriminator".
        path_mean: of path lengths.
    """

    def __init__(self, generator: DualStyleGenerator, discriminator: Discriminator, adversary: Adversary) -> None:
        self.generator = generator.requires_grad_(False).eval()
        self.discriminator = discriminator.eval()
        extrinsic = {id(parameter) for parameter in generator.extrinsic.parameters()}
        shared = {id(value): value for value in _tensors(generator) if id(value) not in extrinsic}
        self.average = deepcopy(generator, shared)
        self.optimizers = {
            "generator": _adam(generator.extrinsic, adversary.lr, adversary.path_every),
            "discriminator": _adam(discriminator, adversary.lr, adversary.r1_every),
        }
        self.path_mean = PathMean()

    @property
    def rows(self) -> int:
        """L, the rows of a code."""
        return self.generator.num_layers

    @property
    def structure_rows(self) -> int:
        """Rows that drive structure; the first colour row is the one after."""
        return self.generator.config.structure_rows


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


def _adam(module: nn.Module, lr: float, every: int) -> torch.optim.Adam:
    """Adam, corrected for a regularisation every few steps (Karras et al. 2020, appendix B)."""
    share = every / (every + 1)
    return torch.optim.Adam(module.parameters(), lr=lr * share, betas=(0.0, 0.99**share))
