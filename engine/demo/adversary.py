"""Sharpening the demo generator and its encoder: a discriminator sees what pixel distances leave soft.

It also measures how far the features of a picture are from those of the right one. Of some coordinates no portrait was
ever painted: there the discriminator is the only judge, so that faces between those that were seen look like portraits too.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..losses import discriminator_loss, generator_loss, path_length_penalty, path_lengths, r1_penalty
from ..losses.perceptual import feature_distance
from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress, Step, measured
from ..stylegan2 import Discriminator
from ..synthetic.dataset import PortraitDataset
from ..training.ema import update_average
from ..training.state import Keeper
from .generator import average_decay, preview
from .joint import Batch, Drawing, Pair, draw, pairs
from .recipe import DISCRIMINATOR, Adversarial, Encoding
from .run import Run

__all__ = ["sharpen"]


def sharpen(
    pair: Pair,
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Adversarial,
    encoding: Encoding,
    progress: Progress,
) -> tuple[Pair, Discriminator]:
    """Train on against a discriminator.

    Returns:
        the moving averages of generator and encoder, and of the discriminator.
    """
    rng = torch.Generator().manual_seed(2)
    torch.manual_seed(2)
    joint = recipe.joint
    model, critic = deepcopy(pair).train().requires_grad_(True), Discriminator(DISCRIMINATOR).to(run.device)
    average, critic_average = deepcopy(model).eval(), deepcopy(critic).eval()
    optimizer = model.optimizer(joint)
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=recipe.lr_discriminator, betas=(0.0, 0.99))
    duel = Duel(model, critic, _Mean().to(run.device), recipe)
    parts = {"model": model, "average": average, "critic": critic, "critic_average": critic_average, "mean": duel.mean}
    states = {"optimizer": optimizer, "critic_optimizer": critic_optimizer}
    keeper = Keeper(run.folder / "adversarial.pt", {**parts, **states}, rng)
    seen = keeper.restore()
    source = unseen(pairs(plain, painted, run, joint, encoding, rng), recipe.fresh, rng)
    while seen < joint.images:
        batch, known = next(source)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * min(1.0, 3.0 * (1 - seen / joint.images) + 0.02)
        step = seen // joint.batch
        drawing = draw(model, batch, joint, rng)
        losses = duel.judge(drawing, step)
        _descend(critic_optimizer, losses["discriminator"])
        losses |= duel.paint(drawing, known, step)
        _descend(optimizer, losses["generator"])
        seen += joint.batch
        decay = average_decay(joint.batch, joint.average_images, seen)
        update_average(average, model, decay)
        update_average(critic_average, critic, decay)
        keeper.keep(seen)
        progress(
            Step(
                index=seen,
                total=joint.images,
                losses=measured(losses, seen),
                preview=lambda: preview(average.generator),
            )
        )
    keeper.keep(seen, now=True)
    return average, critic_average


def unseen(source: Iterator[Batch], share: float, rng: torch.Generator) -> Iterator[tuple[Batch, Tensor]]:
    """Batches in which a share of all pictures is drawn from coordinates of no portrait.

    Gives:
        the batch, and bool ``[N]``: whose portrait is known.
    """
    for batch in source:
        fresh = round(share * (len(batch.z) + len(batch.pictures)))
        z = batch.z.clone()
        z[:fresh] = torch.randn(z[:fresh].shape, generator=rng).to(z.device)
        known = torch.arange(len(batch.z) + len(batch.pictures), device=z.device) >= fresh
        yield replace(batch, z=z), known


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


class _Mean(nn.Module):
    """The moving mean of path lengths, in a form that is saved with the rest."""

    value: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(()))


@dataclass
class Duel:
    """The losses of both sides."""

    model: Pair
    critic: Discriminator
    mean: _Mean
    recipe: Adversarial

    def judge(self, drawing: Drawing, step: int) -> dict[str, Tensor]:
        """The discriminator's: painted pictures against the generator's, and R1 now and then."""
        self.critic.requires_grad_(True)
        with torch.autocast(drawing.images.device.type, torch.bfloat16):
            loss = discriminator_loss(self.critic(drawing.wanted), self.critic(drawing.images.detach()))
        if step % self.recipe.r1_every == 0:
            real = drawing.wanted.clone().requires_grad_()
            loss = loss + self.recipe.r1_every * self.recipe.r1 / 2 * r1_penalty(self.critic(real), real)
        return {"discriminator": loss}

    def paint(self, drawing: Drawing, known: Tensor, step: int) -> dict[str, Tensor]:
        """The generator's and the encoder's: right codes, right pixels, right features, pictures that pass for painted, and
        even path lengths.
        """
        recipe, joint, blocks = self.recipe, self.recipe.joint, range(1, len(self.critic.convs))
        self.critic.requires_grad_(False)
        wanted = drawing.wanted[known]
        with torch.autocast(wanted.device.type, torch.bfloat16):
            with torch.no_grad():
                right = self.critic.features(wanted, blocks)
            features = self.critic.features(drawing.images, blocks)
            adversarial = generator_loss(self.critic.judge(features[-1]))
        pixels = reconstruction_loss(drawing.images[known], wanted)
        matching = feature_distance([part[known] for part in features], right)
        loss = recipe.weight_pixels * pixels + recipe.weight_features * matching + recipe.weight_adversarial * adversarial
        loss = loss + joint.weight_codes * drawing.losses["codes"] + joint.weight_offsets * drawing.losses["offsets"]
        if recipe.path_weight and step % recipe.path_every == 0:
            loss = loss + recipe.path_every * recipe.path_weight * self._unevenness(drawing.z[: max(1, len(drawing.z) // 2)])
        return {"generator": loss, "pixels": pixels, "features": matching, "adversarial": adversarial}

    def _unevenness(self, z: Tensor) -> Tensor:
        """The path length penalty (StyleGAN2, section 3.2)."""
        generator = self.model.generator
        w_plus = generator.broadcast(generator.mapping(z)).detach().requires_grad_()
        images = generator.synthesis(w_plus, noise="none")
        lengths = path_lengths(images, w_plus, torch.randn_like(images))
        penalty, self.mean.value = path_length_penalty(lengths, self.mean.value)
        return penalty
