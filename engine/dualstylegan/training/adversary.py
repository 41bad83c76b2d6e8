"""What both stages of progressive fine-tuning do against a discriminator."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from ...losses import discriminator_loss, generator_loss, r1_penalty
from ...training.augment import AdaptiveAugment, Augment
from ...training.noise import draw_seeds, seeded_normal
from ...training.regularize import lazy_path_length
from ...training.task import Draw, Losses, Moment, Phase, Task
from .config import Adversary
from .draws import draw_cuts, mixed, noise_of
from .players import Players

__all__ = ["AdversarialTask"]

ADJUSTED_EVERY = 8  # iterations
SHOWN = 8  # images of a sample sheet


class AdversarialTask(Task):
    """A discriminator, with R1; an extrinsic path, with path length regularisation.

    Args:
        players: the networks and their optimizers, which the task changes.
        adversary: settings.
        weight: of the logistic losses.
    """

    def __init__(self, players: Players, adversary: Adversary, weight: float) -> None:
        super().__init__()
        self.players, self.adversary, self.weight = players, adversary, weight
        self.generator, self.average = players.generator, players.average
        self.networks = {"extrinsic": players.generator.extrinsic, "discriminator": players.discriminator}
        self.averages = {"extrinsic": players.average.extrinsic}
        self.frozen = {"whole": players.generator, "average": players.average}
        self.optimizers = players.optimizers
        self.augment = AdaptiveAugment(Augment(), every=ADJUSTED_EVERY) if adversary.augment else None
        self.states = {"path": players.path_mean, **({"augment": self.augment} if self.augment else {})}
        self.phases = self._phases()

    @property
    @abstractmethod
    def iterations(self) -> int:
        """How many there are."""

    def _phases(self) -> list[Phase]:
        adversary, critic = self.adversary, "discriminator"
        phases = [Phase(name=critic, learns=(critic,), optimizer=critic, losses=self.critic_losses)]
        if adversary.r1:
            phases.append(replace(phases[-1], name="r1", losses=self.smooth, every=adversary.r1_every))
        phases.append(Phase(name="generator", learns=("extrinsic",), optimizer="generator", losses=self.learn))
        if adversary.path:
            phases.append(replace(phases[-1], name="path", losses=self.even, every=adversary.path_every))
        return phases

    @abstractmethod
    def fake(self, draw: Draw, moment: Moment) -> Tensor:
        """Images ``[N, 3, H, W]`` of the generator."""

    @abstractmethod
    def real(self, draw: Draw, moment: Moment) -> Tensor:
        """Images for the discriminator to learn from."""

    @abstractmethod
    def teach(self, drawn: Tensor, draw: Draw, moment: Moment) -> Losses:
        """The losses of the generator's images beside the adversarial one."""

    @abstractmethod
    def path_images(self, face: Tensor, draw: Draw, noise: list[Tensor]) -> Tensor:
        """Images of faces in w+ ``[N, L, D]`` for path length regularisation."""

    def critic_losses(self, draw: Draw, moment: Moment) -> Losses:
        """Logistic loss of the discriminator."""
        with moment.autocast():
            with torch.no_grad():
                fake = self.fake(draw, moment)
            real = self.real(draw, moment)
            real_logits, fake_logits = self._logits(real, draw, "real"), self._logits(fake, draw, "fake")
        loss = self.weight * discriminator_loss(real_logits, fake_logits)
        return {"adversarial": loss, "_sign": real_logits.detach().sign().mean()}

    def smooth(self, draw: Draw, moment: Moment) -> Losses:
        """R1, for all the iterations since the last one; in float32."""
        real = self.real(draw, moment).clone().requires_grad_()
        factor = self.adversary.r1 / 2 * self.adversary.r1_every
        return {"penalty": factor * r1_penalty(self._logits(real, draw, "real"), real)}

    def learn(self, draw: Draw, moment: Moment) -> Losses:
        """All losses of the generator's images."""
        with moment.autocast():
            drawn = self.fake(draw, moment)
            adversarial = self.weight * generator_loss(self._logits(drawn, draw, "fake"))
            return {"adversarial": adversarial, **self.teach(drawn, draw, moment)}

    def even(self, draw: Draw, moment: Moment) -> Losses:
        """Path length regularisation with respect to the face's w+, on half of the batch; in float32."""
        half = max(1, len(draw["path seeds"]) // 2)
        part = {name: value[:half] for name, value in draw.items()}
        face = self.faces(part, "path").requires_grad_()
        images = self.path_images(face, part, noise_of(self.generator, part["path seeds"]))
        direction = seeded_normal(part["path seeds"] + 1, images.shape[1:], images.device)
        penalty, length = lazy_path_length(images, face, direction, self.players.path_mean)
        return {"penalty": self.adversary.path * self.adversary.path_every * penalty, "_length": length}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Follow the mean path length, and adjust the augmentation."""
        if "path/length" in losses:
            self.players.path_mean.update(losses["path/length"])
        if self.augment is not None:
            self.augment.adjust(losses["discriminator/sign"], moment.seen // moment.iteration)

    def draw_augmentation(self, rng: torch.Generator, count: int) -> Draw:
        """The random numbers of the augmentation of real and generated images."""
        return {f"augment {name}": Augment.draw(rng, count) for name in ("real", "fake")} if self.augment else {}

    def draw_faces(self, rng: torch.Generator, count: int, name: str) -> Draw:
        """Random faces with style mixing, and seeds of their noise."""
        sizes = (count, 2, self.generator.config.z_dim)
        return {
            f"{name} z": torch.randn(sizes, generator=rng),
            f"{name} cut": draw_cuts(rng, count, self.players.rows, self.adversary.mixing),
            f"{name} seeds": draw_seeds(rng, count),
        }

    def faces(self, draw: Draw, name: str) -> Tensor:
        """The w+ ``[N, L, D]`` of random faces."""
        generator = self.generator
        first, second = generator.mapping(draw[f"{name} z"].to(generator.w_avg.device)).unbind(dim=1)
        return mixed(first, second, draw[f"{name} cut"], self.players.rows)

    def _logits(self, images: Tensor, draw: Draw, name: str) -> Tensor:
        if self.augment is not None:
            images = self.augment.apply(images, draw[f"augment {name}"])
        return self.players.discriminator(images)  # type: ignore[no-any-return]
