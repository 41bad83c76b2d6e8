"""Adversarial training of the demo generator and its encoder, which sharpens what pixel losses leave soft.

The discriminator also provides a feature matching loss. Pairs of portraits go on to be compared: a discriminator does not
object to a face without the glasses that its coordinates ask for. Some latent codes have no painted portrait: for these the
adversarial loss is the only one, so that faces between the training examples look like portraits too.

It begins at a small size, where an image costs a fraction, and the discriminator grows with the images.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses import discriminator_loss, generator_loss, r1_penalty
from ..losses.perceptual import feature_distance
from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress
from ..stylegan2 import Discriminator
from ..synthetic.dataset import PortraitDataset
from ..training.noise import draw_seeds, seeded_normal
from ..training.regularize import MovingMean, lazy_path_length
from ..training.task import Draw, Losses, Moment, Phase
from .generator import set_rates
from .joint import Pair
from .mixing import mix
from .paired import PairedTask
from .recipe import DISCRIMINATOR, Adversarial, Encoding
from .run import Run

__all__ = ["AdversarialTask", "grown", "sharpen"]


def grown(critic: Discriminator | None, side: int) -> Discriminator:
    """A discriminator of images of `side` pixels: a new one, with the blocks of a smaller one where it has the same."""
    config = replace(DISCRIMINATOR, resolution=side)
    new = Discriminator(config)
    if critic is not None:
        extra = len(new.convs) - len(critic.convs)
        for old, block in zip(critic.convs[1:], new.convs[1 + extra :], strict=True):
            block.load_state_dict(old.state_dict())
        if not extra:
            new.convs[0].load_state_dict(critic.convs[0].state_dict())
        new.final_conv.load_state_dict(critic.final_conv.state_dict())
        new.final_linear.load_state_dict(critic.final_linear.state_dict())
    return new


class AdversarialTask(PairedTask):
    """A pair that continues against a discriminator.

    Args:
        pair, plain, painted, varied, held_out, encoding: as for `PairedTask`.
        critic: the discriminator of smaller images to continue with; None for a new one.
    """

    def __init__(
        self,
        pair: Pair,
        plain: PortraitDataset,
        painted: PortraitDataset,
        varied: PortraitDataset,
        held_out: int,
        recipe: Adversarial,
        encoding: Encoding,
        critic: Discriminator | None = None,
    ) -> None:
        self.recipe = recipe
        super().__init__(pair, plain, painted, varied, held_out, recipe.joint, encoding)
        self.critic, self.path_mean = grown(critic, recipe.joint.side), MovingMean()
        self._drawn: list[Tensor] = []
        self.critic_average = deepcopy(self.critic).eval()
        self.networks = {"pair": self.pair, "critic": self.critic}
        self.averages = {"pair": self.average, "critic": self.critic_average}
        self.states = {"path mean": self.path_mean}
        adam = torch.optim.Adam(self.critic.parameters(), lr=recipe.lr_discriminator, betas=(0.0, 0.99))
        self.optimizers = {**self.optimizers, "critic": adam}
        self.phases = [
            Phase(name="generator", learns=("pair",), optimizer="pair", losses=self.generator_losses),
            Phase(name="discriminator", learns=("critic",), optimizer="critic", losses=self.discriminator_losses),
        ]

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """As `PairedTask.draw`, with random coordinates in place of some, for which there is no portrait."""
        drawn = super().draw(rng, count)
        fresh = min(round(self.recipe.fresh * count), len(drawn["z"]))
        z = torch.cat([torch.randn(fresh, drawn["z"].shape[1], generator=rng), drawn["z"][fresh:]])
        known = torch.arange(len(z)) >= fresh
        return {**drawn, "z": z, "latents": mix(z, self.joint.mixing, rng), "known": known, "path": draw_seeds(rng, len(z))}

    def discriminator_losses(self, draw: Draw, moment: Moment) -> Losses:
        """Painted images against those that the generator was just taught with, and lazy R1 regularization."""
        wanted, recipe, images = self.wanted(draw, moment.device), self.recipe, self._drawn.pop(0)
        with moment.autocast():
            losses = {"adversarial": discriminator_loss(self.critic(wanted), self.critic(images))}
        if moment.iteration % recipe.r1_every == 0:
            real = wanted.clone().requires_grad_()
            losses["r1"] = recipe.r1_every * recipe.r1 / 2 * r1_penalty(self.critic(real), real)
        return losses

    def generator_losses(self, draw: Draw, moment: Moment) -> Losses:
        """Codes, pixels, features, pairs, the adversarial loss and the path length penalty of generator and encoder."""
        recipe, blocks = self.recipe, range(1, len(self.critic.convs))
        images, losses = self.images(draw, moment)
        self._drawn.append(images.detach())
        known = torch.cat([draw["known"], torch.ones(len(draw["pictures"]), dtype=torch.bool)]).to(moment.device)
        wanted = self.wanted(draw, moment.device)[known]
        with moment.autocast():
            with torch.no_grad():
                right = self.critic.features(wanted, blocks)
            features = self.critic.features(images, blocks)
            losses["adversarial"] = recipe.weight_adversarial * generator_loss(self.critic.score(features[-1]))
        coarse = [F.adaptive_avg_pool2d(part, min(recipe.pixels_side, self.joint.side)) for part in (images[known], wanted)]
        losses["pixels"] = recipe.weight_pixels * reconstruction_loss(*coarse)
        losses["features"] = recipe.weight_features * feature_distance([part[known] for part in features], right)
        if recipe.path_weight and moment.iteration % recipe.path_every == 0:
            penalty, losses["_path_length"] = self._unevenness(draw, moment.device)
            losses["path"] = recipe.path_every * recipe.path_weight * penalty
        return losses | self.pair_losses(draw, moment)

    def _unevenness(self, draw: Draw, device: torch.device) -> tuple[Tensor, Tensor]:
        """The path length penalty (StyleGAN2, section 3.2) and the mean length, of half of the coordinates."""
        generator, count = self.pair.generator, max(1, len(draw["z"]) // 2)
        z = draw["z"][:count].to(device)
        w_plus = generator.broadcast(generator.mapping(z)).detach().requires_grad_()
        images = generator.synthesis(w_plus, noise="none")
        return lazy_path_length(images, w_plus, seeded_normal(draw["path"][:count], images.shape[1:], device), self.path_mean)

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        set_rates(self.optimizers["pair"], self.share_of_rate(moment.seen))
        if "generator/path_length" in losses:
            self.path_mean.update(losses["generator/path_length"])

    def share_of_rate(self, seen: int) -> float:
        return min(1.0, 3.0 * (1 - seen / self.joint.images) + 0.02)


def sharpen(
    pair: Pair,
    critic: Discriminator | None,
    plain: PortraitDataset,
    painted: PortraitDataset,
    varied: PortraitDataset,
    run: Run,
    *,
    recipe: Adversarial,
    encoding: Encoding,
    progress: Progress,
) -> tuple[Pair, Discriminator]:
    """Continue the training against a discriminator, at one size.

    Args:
        critic: what this function returned at a smaller size; None at the first.
        plain: the portraits, of at least the recipe's side and the encoder's.

    Returns:
        the moving averages of generator and encoder, and of the discriminator.
    """
    torch.manual_seed(2)
    task = AdversarialTask(pair, plain, painted, varied, run.held_out, recipe, encoding, critic)
    joint = recipe.joint
    schedule = run.schedule(images=joint.images, batch=joint.batch, seed=2, average_images=joint.average_images)
    run.train(task, schedule, f"adversarial-{joint.side}", progress)
    return task.average, task.critic_average
