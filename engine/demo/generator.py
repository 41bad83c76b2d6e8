"""Training of the demo generator by regression, since the portrait of every code is known."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress, Step, measured
from ..stylegan2 import Generator
from ..synthetic.dataset import PortraitDataset
from ..training.ema import update_average
from ..training.state import TrainingState
from .data import batches, level
from .mixing import mixed_codes
from .recipe import GENERATOR, Regression
from .run import Run

__all__ = ["average_decay", "picture_of", "preview", "regress"]


def average_decay(batch: int, half_life: float, seen: float) -> float:
    """Decay of the moving average for one step; shorter at the start, to forget the first steps."""
    return float(0.5 ** (batch / max(1.0, min(half_life, 0.1 * seen))))


def picture_of(model: Generator, w_plus: Tensor, side: int) -> Tensor:
    """The image so far at the stage of `side` pixels, ``[N, 3, side, side]``."""
    stages = model.bind(model.styles(w_plus), model.noise_maps("none"))
    x, rgb = model.constant(len(w_plus)), None
    with torch.autocast(w_plus.device.type, enabled=False):
        for stage in stages:
            x, rgb = stage(x, rgb)
            if rgb.shape[-1] == side:
                return rgb
    raise ValueError(f"this generator has no stage of {side} pixels")


def regress(levels: Sequence[PortraitDataset], run: Run, *, recipe: Regression, progress: Progress) -> Generator:
    """Train a generator from z to portraits by regression.

    Returns:
        the moving average of the generator.
    """
    rng = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    model = Generator(GENERATOR).to(run.device)
    average = deepcopy(model).eval()
    mapping = list(model.style.parameters())
    synthesis = [value for name, value in model.named_parameters() if not name.startswith("style.")]
    groups: list[dict[str, Any]] = [
        {"params": synthesis, "base": recipe.lr},
        {"params": mapping, "base": recipe.lr * recipe.lr_mapping},
    ]
    optimizer = torch.optim.Adam(groups, betas=(recipe.beta1, recipe.beta2))
    state = TrainingState(run.folder / "regression.pt", {"model": model, "average": average, "optimizer": optimizer}, rng)
    seen = state.restore()
    sources = {side: batches(level(levels, side), run.held_out, recipe.batch, rng) for side, _ in recipe.stages}
    while seen < recipe.images:
        side = recipe.side(seen)
        z, targets = (part.to(run.device) for part in next(sources[side]))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * min(1.0, seen / 800 + 0.02, 2.5 * (1 - seen / recipe.images) + 0.01)
        mixing = recipe.mixing if side >= recipe.mix_from else 0.0
        with run.autocast():
            images = picture_of(model, mixed_codes(model, z, mixing, rng), side)
        halvings = min(4, side.bit_length() - 2)
        wanted = F.adaptive_avg_pool2d(targets, side)
        loss = reconstruction_loss(images, wanted, edges=recipe.weight_edges, levels=halvings)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        seen += recipe.batch
        update_average(average, model, average_decay(recipe.batch, recipe.average_images, seen))
        state.save_if_due(seen)
        progress(
            Step(index=seen, total=recipe.images, losses=measured({"pixels": loss}, seen), preview=lambda: preview(average))
        )
    state.save(seen)
    return average


@torch.no_grad()
def preview(generator: Generator, count: int = 8) -> Tensor:
    """Random faces ``[N, 3, H, W]``, the same at every call."""
    rng = torch.Generator().manual_seed(7)
    z = torch.randn(count, generator.config.z_dim, generator=rng).to(generator.w_avg.device)
    return generator.synthesis(generator.broadcast(generator.mapping(z)), noise="none")
