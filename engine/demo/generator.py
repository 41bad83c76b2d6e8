"""Training of the demo generator by regression, since the portrait of every code is known."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress
from ..stylegan2 import Generator
from ..stylegan2.coarse import picture_of
from ..synthetic.dataset import PortraitDataset
from ..training.task import Draw, Losses, Moment, Phase, Task
from .data import draw_indices, level
from .mixing import mix, mixed_codes
from .recipe import Regression
from .run import Run

__all__ = ["RegressionTask", "preview", "regress", "set_rates"]


class RegressionTask(Task):
    """A generator from z to portraits, coarse images first."""

    def __init__(self, levels: Sequence[PortraitDataset], held_out: int, recipe: Regression) -> None:
        super().__init__()
        self.levels, self.held_out, self.recipe = levels, held_out, recipe
        self.generator = Generator(recipe.generator)
        self.average = deepcopy(self.generator).eval()
        self.networks, self.averages = {"generator": self.generator}, {"generator": self.average}
        mapping = list(self.generator.style.parameters())
        synthesis = [value for name, value in self.generator.named_parameters() if not name.startswith("style.")]
        groups: list[dict[str, Any]] = [
            {"params": synthesis, "base": recipe.lr},
            {"params": mapping, "base": recipe.lr * recipe.lr_mapping},
        ]
        self.optimizers = {"adam": torch.optim.Adam(groups, betas=(recipe.beta1, recipe.beta2))}
        set_rates(self.optimizers["adam"], self._share_of_rate(0))
        self.phases = [Phase(name="regression", learns=("generator",), optimizer="adam", losses=self.losses)]

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Latents and portraits, at the side of the stage."""
        side = self.recipe.side(self.moment.seen)
        dataset = level(self.levels, side)
        z, targets, _ = dataset.batch(draw_indices([dataset], self.held_out, count, rng))
        mixing = self.recipe.mixing if side >= self.recipe.mix_from else 0.0
        return {"latents": mix(z, mixing, rng), "targets": F.adaptive_avg_pool2d(targets, side)}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Distance of pixels and edges."""
        targets = draw["targets"].to(moment.device)
        side = targets.shape[-1]
        with moment.autocast():
            images = picture_of(self.generator, mixed_codes(self.generator, draw["latents"].to(moment.device)), side)
        levels = min(4, side.bit_length() - 2)
        return {"pixels": reconstruction_loss(images, targets, edges=self.recipe.weight_edges, levels=levels)}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        set_rates(self.optimizers["adam"], self._share_of_rate(moment.seen))

    def _share_of_rate(self, seen: int) -> float:
        return min(1.0, seen / 800 + 0.02, 2.5 * (1 - seen / self.recipe.images) + 0.01)

    def samples(self) -> Tensor:
        return preview(self.average)


def set_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Set the learning rates to a share of each group's ``base``."""
    for group in optimizer.param_groups:
        group["lr"] = group["base"] * share


def regress(levels: Sequence[PortraitDataset], run: Run, *, recipe: Regression, progress: Progress) -> Generator:
    """Train a generator from z to portraits by regression.

    Returns:
        the moving average of the generator.
    """
    torch.manual_seed(1)
    task = RegressionTask(levels, run.held_out, recipe)
    schedule = run.schedule(images=recipe.images, batch=recipe.batch, seed=1, average_images=recipe.average_images)
    run.train(task, schedule, "regression", progress)
    return task.average


@torch.no_grad()
def preview(generator: Generator, count: int = 8) -> Tensor:
    """Random faces ``[N, 3, H, W]``, the same at every call."""
    rng = torch.Generator().manual_seed(7)
    z = torch.randn(count, generator.config.z_dim, generator=rng).to(generator.w_avg.device)
    return generator.synthesis(generator.broadcast(generator.mapping(z)), noise="none")
