"""Sharpening the demo generator: a discriminator sees what regression leaves soft.

It also measures how far the features of a picture are from those of the right one. The mapping network is left
alone, so that codes keep their meaning and an encoder that was taught before stays true.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..losses import discriminator_loss, generator_loss, path_length_penalty, path_lengths, r1_penalty
from ..losses.perceptual import feature_distance
from ..progress import Progress, Step, measured
from ..stylegan2 import Discriminator, Generator
from ..synthetic.dataset import PortraitDataset
from ..training.ema import update_average
from ..training.state import Keeper
from .generator import average_decay, batches, pixel_loss, preview
from .mixing import mixed_codes
from .recipe import DISCRIMINATOR, Adversarial
from .run import Run

__all__ = ["sharpen"]


def sharpen(
    generator: Generator, dataset: PortraitDataset, run: Run, *, recipe: Adversarial, progress: Progress
) -> tuple[Generator, Discriminator]:
    """Train on against a discriminator.

    Returns:
        the moving averages of generator and discriminator.
    """
    rng = torch.Generator().manual_seed(2)
    torch.manual_seed(2)
    model, critic = deepcopy(generator).train().requires_grad_(True), Discriminator(DISCRIMINATOR).to(run.device)
    model.style.requires_grad_(False)
    average, critic_average = deepcopy(model).eval(), deepcopy(critic).eval()
    learned = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=recipe.lr_generator, betas=(0.0, 0.99))
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=recipe.lr_discriminator, betas=(0.0, 0.99))
    duel = Duel(model, critic, _Mean().to(run.device), recipe, rng)
    parts = {"model": model, "average": average, "critic": critic, "critic_average": critic_average, "mean": duel.mean}
    states = {"optimizer": optimizer, "critic_optimizer": critic_optimizer}
    keeper = Keeper(run.folder / "adversarial.pt", {**parts, **states}, rng)
    seen = keeper.restore()
    source = batches(dataset, run.held_out, recipe.batch, rng)
    while seen < recipe.images:
        z, targets = (part.to(run.device) for part in next(source))
        optimizer.param_groups[0]["lr"] = recipe.lr_generator * min(1.0, 3.0 * (1 - seen / recipe.images) + 0.02)
        step = seen // recipe.batch
        images = duel.draw(z)
        losses = duel.judge(images.detach(), targets, step)
        _descend(critic_optimizer, losses["discriminator"])
        losses |= duel.paint(images, z, targets, step)
        _descend(optimizer, losses["generator"])
        seen += recipe.batch
        decay = average_decay(recipe.batch, recipe.average_images, seen)
        update_average(average, model, decay)
        update_average(critic_average, critic, decay)
        keeper.keep(seen)
        progress(Step(index=seen, total=recipe.images, losses=measured(losses, seen), preview=lambda: preview(average)))
    keeper.keep(seen, now=True)
    return average, critic_average


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

    model: Generator
    critic: Discriminator
    mean: _Mean
    recipe: Adversarial
    rng: torch.Generator

    def draw(self, z: Tensor) -> Tensor:
        """The generator's pictures of z, some with codes that were mixed."""
        with torch.autocast(z.device.type, torch.bfloat16):
            return self.model.synthesis(mixed_codes(self.model, z, self.recipe.mixing, self.rng), noise="none")

    def judge(self, images: Tensor, targets: Tensor, step: int) -> dict[str, Tensor]:
        """The discriminator's: painted pictures against the generator's, and R1 now and then."""
        self.critic.requires_grad_(True)
        with torch.autocast(images.device.type, torch.bfloat16):
            loss = discriminator_loss(self.critic(targets), self.critic(images))
        if step % self.recipe.r1_every == 0:
            real = targets.clone().requires_grad_()
            loss = loss + self.recipe.r1_every * self.recipe.r1 / 2 * r1_penalty(self.critic(real), real)
        return {"discriminator": loss}

    def paint(self, images: Tensor, z: Tensor, targets: Tensor, step: int) -> dict[str, Tensor]:
        """The generator's: right pixels, right features, a picture that passes for painted, and even path lengths."""
        recipe, blocks = self.recipe, range(1, len(self.critic.convs))
        self.critic.requires_grad_(False)
        with torch.autocast(images.device.type, torch.bfloat16):
            with torch.no_grad():
                wanted = self.critic.features(targets, blocks)
            features = self.critic.features(images, blocks)
            adversarial = generator_loss(self.critic.judge(features[-1]))
        pixels = pixel_loss(images, targets)
        matching = feature_distance(features, wanted)
        loss = recipe.weight_pixels * pixels + recipe.weight_features * matching + recipe.weight_adversarial * adversarial
        if recipe.path_weight and step % recipe.path_every == 0:
            loss = loss + recipe.path_every * recipe.path_weight * self._unevenness(z[: max(1, len(z) // 4)])
        return {"generator": loss, "pixels": pixels, "features": matching}

    def _unevenness(self, z: Tensor) -> Tensor:
        """The path length penalty (StyleGAN2, section 3.2)."""
        w_plus = self.model.broadcast(self.model.mapping(z)).detach().requires_grad_()
        images = self.model.synthesis(w_plus, noise="none")
        lengths = path_lengths(images, w_plus, torch.randn_like(images))
        penalty, self.mean.value = path_length_penalty(lengths, self.mean.value)
        return penalty
