"""Gives every coordinate of z a direction of its own in w.

A mapping network that was trained by regression keeps what changes many pixels, such as the pose, and shrinks what changes few:
a smile moves w six times less than a turn of the head does, and in another direction in every face. Then neither the synthesis
nor the encoder has a reason to begin with it.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..progress import Progress
from ..randomness import normal
from ..stylegan2 import Generator
from ..training.muon import Muon
from ..training.task import Draw, Losses, Moment, Phase, Task
from .generator import preview, set_rates
from .recipe import Separation
from .run import Run

__all__ = ["SeparationTask", "separate"]

MEASURED = 2048  # faces whose mean response counts
PROBED = 16_384  # faces that tell what w holds


class Separated(nn.Module):
    """What the mapping network shall be: weak coordinates move w along their own directions alone, all others as before.

    Args:
        generator: whose mapping network is taken.
    """

    directions: Tensor
    strong: Tensor
    quiet: Tensor

    def __init__(self, generator: Generator, recipe: Separation) -> None:
        super().__init__()
        self.before = deepcopy(generator).cpu().requires_grad_(False)
        rng = torch.Generator().manual_seed(recipe.seed)
        w = self.before.mapping(self.before.sample_z(PROBED, rng))
        spread = w.std(dim=0).mean()
        response = self._response(self.before.sample_z(MEASURED, rng)) / spread
        own = _directions(w - w.mean(dim=0), len(response), recipe.loud, rng)
        self.register_buffer("strong", (response >= recipe.weak).float())
        self.register_buffer("quiet", own[response < recipe.amount])
        amounts = (recipe.amount**2 - response**2).clamp(min=0).sqrt() * spread
        self.register_buffer("directions", amounts[:, None] * own)

    def _response(self, z: Tensor) -> Tensor:
        """How far one unit of each coordinate moves w on average, ``[D]``."""
        steps = 0.5 * torch.eye(z.shape[1])
        return torch.stack(
            [(self.before.mapping(z + step) - self.before.mapping(z - step)).mean(dim=0).norm() for step in steps]
        )

    def forward(self, z: Tensor) -> Tensor:
        """z ``[N, D]`` to w ``[N, W]``."""
        unit = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        w = unit * self.strong
        for layer in self.before.style[1:]:
            w = layer(w)
        return w + unit @ self.directions


def _directions(w: Tensor, count: int, loud: int, rng: torch.Generator) -> Tensor:
    """`count` directions ``[count, W]`` of length 1, where the codes ``[N, W]`` vary least; orthogonal if there is room."""
    loud = min(loud, w.shape[1] // 2)
    axes = torch.linalg.svd(w, full_matrices=False)[2][loud:]
    mixed = nn.init.orthogonal_(torch.empty(count, len(axes)), generator=rng)
    directions: Tensor = F.normalize(mixed, dim=1) @ axes
    return directions


class SeparationTask(Task):
    """The mapping network learns what `Separated` gives. The synthesis starts by not seeing the new directions.

    Args:
        generator: to start from; a copy learns.
    """

    def __init__(self, generator: Generator, recipe: Separation) -> None:
        super().__init__()
        self.recipe = recipe
        self.wanted = Separated(generator, recipe)
        self.generator = deepcopy(generator).cpu().train().requires_grad_(True)
        self._blind(self.wanted.quiet)
        self.networks, self.frozen = {"generator": self.generator}, {"wanted": self.wanted}
        self.optimizers = {"muon": Muon([{"params": list(self.generator.style.parameters()), "base": recipe.lr}])}
        set_rates(self.optimizers["muon"], self._share_of_rate(0))
        self.phases = [Phase(name="separation", learns=("generator",), optimizer="muon", losses=self.losses)]

    @torch.no_grad()
    def _blind(self, directions: Tensor) -> None:
        """Take the directions ``[K, W]`` out of what every layer reads in w."""
        basis = torch.linalg.svd(directions, full_matrices=False)[2]
        for layer in self.generator.layers:
            weight = layer.conv.modulation.weight
            weight.sub_(weight @ basis.T @ basis)

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Random z."""
        return {"z": normal(count, self.generator.config.z_dim, rng=rng, device=torch.device("cpu"))}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Squares of what w is off by."""
        z = draw["z"].to(moment.device)
        with torch.no_grad():
            wanted = self.wanted(z)
        return {"squares": F.mse_loss(self.generator.mapping(z), wanted)}

    def after_step(self, losses: object, moment: Moment) -> None:
        """Set the learning rate of the next iteration."""
        set_rates(self.optimizers["muon"], self._share_of_rate(moment.seen))

    def _share_of_rate(self, seen: int) -> float:
        return min(1.0, seen / self.recipe.warm_up + 0.01, 1.5 * (1 - seen / self.recipe.codes) + 0.001)

    def samples(self) -> Tensor:
        return preview(self.generator)


def separate(generator: Generator, run: Run, *, recipe: Separation, progress: Progress) -> Generator:
    """Give the coordinates that move w weakly directions of their own; what is drawn hardly changes at first.

    Args:
        generator: to start from; left as it is.

    Raises:
        TrainingError, Cancelled: as `training.loop.train`.
    """
    task = SeparationTask(generator, recipe)
    schedule = run.schedule(images=recipe.codes, batch=recipe.batch, seed=4, average_images=1)
    run.train(task, schedule, "separation", progress)
    return task.generator.eval()
