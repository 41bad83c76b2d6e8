"""Joint training of the demo generator and its encoder.

A portrait can be drawn from the coordinates that it was painted from, or from the code that the encoder predicts from an
image of it. The second code includes features that the coordinates only threshold (a beard, a bald head), so it teaches the
generator what they look like. The first one teaches it where they are in w.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders.compact import SEEN, CompactEncoder
from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress, Step, measured
from ..stylegan2 import Generator
from ..synthetic.dataset import PortraitDataset
from ..training.ema import update_average
from ..training.state import TrainingState
from .data import batches
from .encoder import examples
from .generator import average_decay, picture_of, preview
from .mixing import mixed_codes
from .recipe import Encoding, Joint
from .run import Run

__all__ = ["Batch", "Drawing", "Pair", "draw", "learn_together", "pairs"]


class Pair(nn.Module):
    """A generator and the encoder into its w+."""

    def __init__(self, generator: Generator, encoder: CompactEncoder) -> None:
        super().__init__()
        self.generator = generator
        self.encoder = encoder

    def optimizer(self, recipe: Joint) -> torch.optim.Optimizer:
        """Adam with a rate for each of synthesis, mapping and encoder, kept as ``base`` in its groups."""
        mapping = list(self.generator.style.parameters())
        synthesis = [value for name, value in self.generator.named_parameters() if not name.startswith("style.")]
        groups: list[dict[str, Any]] = [
            {"params": synthesis, "base": recipe.lr},
            {"params": mapping, "base": recipe.lr * recipe.lr_mapping},
            {"params": list(self.encoder.parameters()), "base": recipe.lr_encoder},
        ]
        return torch.optim.Adam(groups, betas=(recipe.beta1, 0.99))


@dataclass(frozen=True)
class Drawing:
    """The generated images of one batch, with their targets.

    Attributes:
        images: ``[N, 3, side, side]``, those from coordinates first.
        wanted: their target portraits, of the same shape.
        z: the coordinates of the first ones.
        losses: of the codes.
    """

    images: Tensor
    wanted: Tensor
    z: Tensor
    losses: dict[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """What one step learns from: coordinates and their portraits, and images to read and theirs."""

    z: Tensor
    portraits: Tensor
    pictures: Tensor
    read_z: Tensor
    read_portraits: Tensor


def pairs(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, recipe: Joint, encoding: Encoding, rng: torch.Generator
) -> Iterator[Batch]:
    """Endless random batches."""
    read = min(round(recipe.read * recipe.batch), recipe.batch - 1)
    source = batches(plain, run.held_out, recipe.batch - read, rng)
    while True:
        z, portraits = next(source)
        read_z, read_portraits, pictures = examples(plain, painted, run.held_out, encoding, read, rng)
        clean = torch.rand(read, 1, 1, 1, generator=rng) < recipe.clean
        pictures = torch.where(clean, F.adaptive_avg_pool2d(read_portraits, SEEN), pictures)
        parts = (F.adaptive_avg_pool2d(part, recipe.side) for part in (portraits, read_portraits))
        portraits, read_portraits = parts
        yield Batch(*(part.to(run.device) for part in (z, portraits, pictures, read_z, read_portraits)))


def draw(pair: Pair, batch: Batch, run: Run, recipe: Joint, rng: torch.Generator) -> Drawing:
    """The generator's images of a batch, from coordinates and from what the encoder reads."""
    generator, encoder = pair.generator, pair.encoder
    with run.autocast():
        codes, offsets = encoder.predict(batch.pictures)
        wanted = (generator.mapping(batch.read_z).detach() - encoder.latent_avg) / encoder.spread
        w_plus = torch.cat([mixed_codes(generator, batch.z, recipe.mixing, rng), encoder.assemble(codes, offsets)])
        images = picture_of(generator, w_plus, recipe.side)
    losses = {"codes": (codes - wanted[:, None]).square().mean(), "offsets": offsets.square().mean()}
    return Drawing(images, torch.cat([batch.portraits, batch.read_portraits]), batch.z, losses)


def learn_together(
    generator: Generator,
    encoder: CompactEncoder,
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Joint,
    encoding: Encoding,
    progress: Progress,
) -> Pair:
    """Train both to draw the portraits.

    Returns:
        the moving averages.
    """
    rng = torch.Generator().manual_seed(6)
    torch.manual_seed(6)
    model = Pair(deepcopy(generator), deepcopy(encoder)).train().requires_grad_(True)
    average = deepcopy(model).eval()
    optimizer = model.optimizer(recipe)
    state = TrainingState(run.folder / "joint.pt", {"model": model, "average": average, "optimizer": optimizer}, rng)
    seen = state.restore()
    source = pairs(plain, painted, run, recipe, encoding, rng)
    while seen < recipe.images:
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * min(1.0, seen / 800 + 0.02, 2.0 * (1 - seen / recipe.images) + 0.05)
        drawing = draw(model, next(source), run, recipe, rng)
        losses = drawing.losses | {"pixels": reconstruction_loss(drawing.images, drawing.wanted)}
        loss = losses["pixels"] + recipe.weight_codes * losses["codes"] + recipe.weight_offsets * losses["offsets"]
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        seen += recipe.batch
        update_average(average, model, average_decay(recipe.batch, recipe.average_images, seen))
        state.save_if_due(seen)
        progress(
            Step(
                index=seen,
                total=recipe.images,
                losses=measured(losses, seen),
                preview=lambda: preview(average.generator),
            )
        )
    state.save(seen)
    return average
