"""Adversarial training of the demo generator and its encoder, which sharpens what pixel losses leave soft.

The discriminator also provides a feature matching loss. Some latent codes have no painted portrait: for these the
adversarial loss is the only one, so that faces between the training examples look like portraits too.
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
from ..training.state import TrainingState
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
    """Continue the training against a discriminator.

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
    adversarial = AdversarialLosses(model, critic, _Mean().to(run.device), run, recipe)
    parts = {"model": model, "average": average, "critic": critic, "critic_average": critic_average, "mean": adversarial.mean}
    states = {"optimizer": optimizer, "critic_optimizer": critic_optimizer}
    state = TrainingState(run.folder / "adversarial.pt", {**parts, **states}, rng)
    seen = state.restore()
    source = unseen(pairs(plain, painted, run, joint, encoding, rng), recipe.fresh, rng)
    while seen < joint.images:
        batch, known = next(source)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * min(1.0, 3.0 * (1 - seen / joint.images) + 0.02)
        step = seen // joint.batch
        drawing = draw(model, batch, run, joint, rng)
        losses = adversarial.discriminator(drawing, step)
        _descend(critic_optimizer, losses["discriminator"])
        losses |= adversarial.generator(drawing, known, step)
        _descend(optimizer, losses["generator"])
        seen += joint.batch
        decay = average_decay(joint.batch, joint.average_images, seen)
        update_average(average, model, decay)
        update_average(critic_average, critic, decay)
        state.save_if_due(seen)
        progress(
            Step(
                index=seen,
                total=joint.images,
                losses=measured(losses, seen),
                preview=lambda: preview(average.generator),
            )
        )
    state.save(seen)
    return average, critic_average


def unseen(source: Iterator[Batch], share: float, rng: torch.Generator) -> Iterator[tuple[Batch, Tensor]]:
    """Replace a share of the coordinates in each batch by random ones, for which there is no portrait.

    Yields:
        the batch, and bool ``[N]``: whether there is a portrait.
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
    """The moving mean of path lengths, as a buffer, so that it is saved with the state."""

    value: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(()))


@dataclass
class AdversarialLosses:
    """The losses of the discriminator, and of the generator with the encoder."""

    model: Pair
    critic: Discriminator
    mean: _Mean
    run: Run
    recipe: Adversarial

    def discriminator(self, drawing: Drawing, step: int) -> dict[str, Tensor]:
        """The discriminator's loss: painted images against generated ones, with lazy R1 regularization."""
        self.critic.requires_grad_(True)
        with self.run.autocast():
            loss = discriminator_loss(self.critic(drawing.wanted), self.critic(drawing.images.detach()))
        if step % self.recipe.r1_every == 0:
            real = drawing.wanted.clone().requires_grad_()
            loss = loss + self.recipe.r1_every * self.recipe.r1 / 2 * r1_penalty(self.critic(real), real)
        return {"discriminator": loss}

    def generator(self, drawing: Drawing, known: Tensor, step: int) -> dict[str, Tensor]:
        """The generator's and encoder's loss: codes, pixels, features, the adversarial loss and the path length penalty."""
        recipe, joint, blocks = self.recipe, self.recipe.joint, range(1, len(self.critic.convs))
        self.critic.requires_grad_(False)
        wanted = drawing.wanted[known]
        with self.run.autocast():
            with torch.no_grad():
                right = self.critic.features(wanted, blocks)
            features = self.critic.features(drawing.images, blocks)
            adversarial = generator_loss(self.critic.score(features[-1]))
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
