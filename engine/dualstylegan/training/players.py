"""The networks of progressive fine-tuning: a face generator, its extrinsic path, and their discriminator."""

from copy import deepcopy
from dataclasses import asdict, fields

import torch

from ...stylegan2 import Discriminator, Generator, GeneratorConfig
from ...training.regularize import MovingMean, lazy_optimizer
from ..config import DualStyleConfig
from ..generator import DualStyleGenerator
from .config import Adversary, structure_rows_of

__all__ = ["Players", "plain_copy", "with_extrinsic_path"]

BETAS = (0.0, 0.99)


def with_extrinsic_path(generator: Generator, seed: int = 0, *, structure_channels: int | None = None) -> DualStyleGenerator:
    """A face generator with an untrained extrinsic path: colours by style mixing, and hardly any structure (stage I).

    A generator that has an extrinsic path keeps its own. The argument is not changed.

    Args:
        seed: of the extrinsic path's weights.
        structure_channels: see `DualStyleConfig`.
    """
    if isinstance(generator, DualStyleGenerator):
        return deepcopy(generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rows = structure_rows_of(generator.num_layers)
        sizes = {**asdict(generator.config), "structure_rows": rows, "structure_channels": structure_channels}
        dual = DualStyleGenerator(DualStyleConfig(**sizes))
    dual.load_state_dict({**dual.state_dict(), **generator.state_dict()})
    return dual.to(generator.w_avg.device)


def plain_copy(generator: Generator) -> Generator:
    """The face generator alone, copied, without an extrinsic path."""
    if not isinstance(generator, DualStyleGenerator):
        return deepcopy(generator)
    sizes = {field.name: getattr(generator.config, field.name) for field in fields(GeneratorConfig)}
    plain = Generator(GeneratorConfig(**sizes)).to(generator.w_avg.device)
    plain.load_state_dict({name: value for name, value in generator.state_dict().items() if not name.startswith("extrinsic.")})
    return plain.eval()


class Players:
    """Everything that one stage against a discriminator hands to the next.

    The face generator never learns; the extrinsic path does, all of it. The release averages its residual blocks alone, so
    that the T_s which it publishes is untrained; here T_s is averaged too.

    Args:
        generator: the start, as `with_extrinsic_path` gives it.
        discriminator: of the generator.
        adversary: rates of the optimizers.

    Attributes:
        average: the moving average; shares the face generator's weights with `generator`.
        optimizers: "generator" and "discriminator".
        path_mean: of path lengths.
    """

    def __init__(self, generator: DualStyleGenerator, discriminator: Discriminator, adversary: Adversary) -> None:
        self.generator = generator.requires_grad_(False).eval()
        self.discriminator = discriminator.eval()
        learned = {id(parameter) for parameter in generator.extrinsic.parameters()}
        tensors = (*generator.parameters(), *generator.buffers())
        self.average = deepcopy(generator, {id(value): value for value in tensors if id(value) not in learned})
        path_every, r1_every = adversary.path_every if adversary.path else None, adversary.r1_every if adversary.r1 else None
        self.optimizers = {
            "generator": lazy_optimizer(generator.extrinsic.parameters(), adversary.lr, BETAS, path_every),
            "discriminator": lazy_optimizer(discriminator.parameters(), adversary.lr, BETAS, r1_every),
        }
        self.path_mean = MovingMean()

    @property
    def rows(self) -> int:
        """L, the rows of a code."""
        return self.generator.num_layers

    @property
    def structure_rows(self) -> int:
        """Rows that drive structure; the first colour row is the one after."""
        return self.generator.config.structure_rows
