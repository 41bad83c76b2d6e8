"""The training of a StyleGAN2: non-saturating logistic losses, R1, path length, style mixing, adaptive augmentation.

Karras et al. 2020, sections 3 and 4; Karras et al. 2020b for the augmentation. The order of an iteration is that of
StyleGAN2-ADA: generator, path length, discriminator, R1.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict

import torch
from torch import Tensor

from ...losses.adversarial import discriminator_loss, generator_loss, r1_penalty
from ...training.augment import PIPELINES, AdaptiveAugment, Augment, Strengths
from ...training.data import PictureDataset, Stream
from ...training.noise import draw_seeds, seeded_maps, seeded_normal
from ...training.regularize import MovingMean, lazy_optimizer, lazy_path_length
from ...training.schedule import Schedule
from ...training.task import Draw, Losses, Moment, Phase, Task
from ..discriminator import Discriminator
from ..generator import Generator
from .config import StyleGAN2Training
from .freeze import learning_parameters

__all__ = ["StyleGAN2Task"]

BETAS = (0.0, 0.99)
PATH_SHARE = 2  # one of so many images of the batch measures the path length
PREVIEWS = 16
PREVIEW_SEED = 7


class StyleGAN2Task(Task):
    """A StyleGAN2 that learns to make pictures like those of a set.

    Args:
        generator, discriminator: that learn, at the resolution of the pictures.
        pictures: the training set.
        config: settings; sizes of networks come from the networks.
        average: a generator that the moving average starts from; a copy of `generator` by default.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        pictures: PictureDataset,
        config: StyleGAN2Training,
        average: Generator | None = None,
    ) -> None:
        super().__init__()
        self.generator, self.discriminator = generator.train(), discriminator.train()
        self.average = deepcopy(average or generator).eval().requires_grad_(False)
        self.pictures, self.settings = pictures, config
        self.stream, self.path_mean = Stream(len(pictures)), MovingMean()
        self.augment = AdaptiveAugment(
            Augment(Strengths() if config.augment == "none" else PIPELINES[config.augment]),
            target=config.augment_target,
            images=config.augment_images,
            fixed=config.augment == "none",
        )
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.averages = {"generator": self.average}
        self.states = {"pictures": self.stream, "augment": self.augment, "path_mean": self.path_mean}
        self.config = asdict(config)
        path_every = config.path_every if config.path_weight else None
        learning = learning_parameters(self.discriminator, config.freeze_d)
        self.optimizers = {
            "generator": lazy_optimizer(self.generator.parameters(), config.lr, BETAS, path_every),
            "discriminator": lazy_optimizer(learning, config.lr, BETAS, config.r1_every if config.r1 else None),
        }
        self.phases = self._phases()
        self._preview_z = torch.randn(PREVIEWS, generator.config.z_dim, generator=torch.Generator().manual_seed(PREVIEW_SEED))

    def _phases(self) -> list[Phase]:
        config = self.settings
        both = {name: (name,) for name in self.networks}
        phases = [Phase(name="generator", learns=both["generator"], optimizer="generator", losses=self.generator_losses)]
        if config.path_weight:
            phases.append(
                Phase(
                    name="path_length",
                    learns=both["generator"],
                    optimizer="generator",
                    losses=self.path_losses,
                    every=config.path_every,
                )
            )
        critic, learns = "discriminator", both["discriminator"]
        phases.append(Phase(name=critic, learns=learns, optimizer=critic, losses=self.discriminator_losses))
        if config.r1:
            phases.append(Phase(name="r1", learns=learns, optimizer=critic, losses=self.r1_losses, every=config.r1_every))
        return phases

    def check_batch(self, schedule: Schedule, world: int = 1) -> None:
        """Refuse a batch whose parts can't be split into the groups of the minibatch standard deviation.

        Args:
            world: the number of processes.

        Raises:
            TrainingError: says which batch would do.
        """
        schedule.check_groups(self.discriminator.config.group_size, world)

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        drawn: Draw = {"picture": self.stream.next(count, rng), "flip": torch.rand(count, generator=rng) < 0.5}
        for use in ("generator", "path", "discriminator"):
            drawn[f"{use} z"] = torch.randn(count, 2, self.generator.config.z_dim, generator=rng)
            drawn[f"{use} crossover"] = self._draw_crossover(rng, count)
            drawn[f"{use} noise"] = draw_seeds(rng, count)
        drawn["path direction"] = draw_seeds(rng, count)
        for use in ("generator", "fake", "real", "r1"):
            drawn[f"augment {use}"] = self.augment.draw(rng, count)
        return drawn

    def _draw_crossover(self, rng: torch.Generator, count: int) -> Tensor:
        """The first row that the second latent drives, ``[count]``: L where there is no mixing."""
        rows = self.generator.num_layers
        mixed = torch.rand(count, generator=rng) < self.settings.mixing
        return torch.where(mixed, torch.randint(1, rows, (count,), generator=rng), rows)

    def codes(self, draw: Draw, use: str, device: torch.device) -> Tensor:
        """w+ codes ``[N, L, D]`` from two latents each, with style mixing."""
        w = self.generator.mapping(draw[f"{use} z"].to(device))  # [N, 2, D]
        first, second = (w[:, [which]].expand(-1, self.generator.num_layers, -1) for which in (0, 1))
        rows = torch.arange(self.generator.num_layers)
        return torch.where((rows < draw[f"{use} crossover"][:, None]).to(device)[..., None], first, second)

    def fakes(self, w_plus: Tensor, seeds: Tensor) -> Tensor:
        """Images ``[N, 3, R, R]`` with random noise."""
        noise = seeded_maps(seeds, self.generator.noise_resolutions, w_plus.device)
        return self.generator.render(self.generator.styles(w_plus), noise)

    def reals(self, draw: Draw, device: torch.device) -> Tensor:
        """Pictures ``[N, 3, R, R]``, mirrored at random."""
        return self.pictures.batch(draw["picture"], draw["flip"] if self.settings.flips else None, device)

    def generator_losses(self, draw: Draw, moment: Moment) -> Losses:
        """Non-saturating loss of images as the discriminator sees them."""
        with moment.autocast():
            fakes = self.fakes(self.codes(draw, "generator", moment.device), draw["generator noise"])
            logits = self.discriminator(self.augment.apply(fakes, draw["augment generator"]))
        return {"adversarial": generator_loss(logits)}

    def path_losses(self, draw: Draw, moment: Moment) -> Losses:
        """The path length penalty, in float32."""
        count = max(1, len(draw["path z"]) // PATH_SHARE)
        few = {name: values[:count] for name, values in draw.items()}
        w_plus = self.codes(few, "path", moment.device)
        images = self.fakes(w_plus, few["path noise"])
        direction = seeded_normal(few["path direction"], images.shape[1:], moment.device)
        penalty, length = lazy_path_length(images, w_plus, direction, self.path_mean)
        return {"penalty": self.settings.path_every * self.settings.path_weight * penalty, "_length": length}

    def discriminator_losses(self, draw: Draw, moment: Moment) -> Losses:
        """Logistic loss of pictures and images, both augmented."""
        reals = self.reals(draw, moment.device)
        with moment.autocast():
            with torch.no_grad():
                fakes = self.fakes(self.codes(draw, "discriminator", moment.device), draw["discriminator noise"])
            fake = self.discriminator(self.augment.apply(fakes, draw["augment fake"]))
            real = self.discriminator(self.augment.apply(reals, draw["augment real"]))
        loss = discriminator_loss(real, fake)
        return {
            "adversarial": loss,
            "_real_sign": real.sign().mean(),
            "_real": real.mean(),
            "_fake": fake.mean(),
            "_augment_p": loss.new_tensor(self.augment.p),
        }

    def r1_losses(self, draw: Draw, moment: Moment) -> Losses:
        """R1 at the pictures before their augmentation, in float32."""
        reals = self.reals(draw, moment.device).requires_grad_()
        logits = self.discriminator(self.augment.apply(reals, draw["augment r1"]))
        return {"penalty": self.settings.r1_every * self.settings.r1 / 2 * r1_penalty(logits, reals)}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        batch = moment.seen // moment.iteration
        self.augment.adjust(losses["discriminator/real_sign"], batch)
        if "path_length/length" in losses:
            self.path_mean.update(losses["path_length/length"])

    def samples(self) -> Tensor:
        generator = self.average
        z = self._preview_z.to(generator.w_avg.device)
        w_plus = generator.broadcast(generator.mapping(z))
        return torch.cat([generator.synthesis(part).cpu() for part in w_plus.split(4)])
