"""What both stages of progressive fine-tuning do against a discriminator."""

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from ...losses import discriminator_loss, generator_loss, path_length_penalty, path_lengths, r1_penalty
from ...training.task import Draw, Losses, Moment, Phase, Task
from .config import Adversary
from .draws import draw_cuts, draw_seeds, mixed, noise_of, seeded
from .players import Players

__all__ = ["AdversarialTask"]

DECAY = 0.01  # of the mean path length
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
        self.networks = {"extrinsic": players.generator.extrinsic, "discriminator": players.discriminator}
        self.averages = {"extrinsic": players.average.extrinsic}
        self.frozen = {"generator": players.generator, "average": players.average}
        self.optimizers = players.optimizers
        self.states = {"path": players.path_mean}
        critic = {"learns": ("discriminator",), "optimizer": "discriminator"}
        drawn = {"learns": ("extrinsic",), "optimizer": "generator"}
        self.phases = [
            Phase(name="discriminator", losses=self.judge, **critic),
            Phase(name="r1", losses=self.smooth, every=adversary.r1_every, **critic),
            Phase(name="generator", losses=self.learn, **drawn),
        ]
        if adversary.path:
            self.phases.append(Phase(name="path", losses=self.even, every=adversary.path_every, **drawn))

    # --- what a stage says ---------------------------------------------------------------------------------

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
    def path_style(self, draw: Draw) -> Tensor:
        """Mapped codes of styles ``[N, L, D]`` for path length regularisation."""

    # --- phases ---------------------------------------------------------------------------------------------

    def judge(self, draw: Draw, moment: Moment) -> Losses:
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

    def even(self, draw: Draw, moment: Moment) -> Losses:  # noqa: ARG002
        """Path length regularisation with respect to the face's w+, on half of the batch; in float32."""
        half = max(1, len(draw["path seeds"]) // 2)
        part = {name: value[:half] for name, value in draw.items()}
        generator = self.players.generator
        face = self.faces(part, "path").detach().requires_grad_()
        images = generator.synthesis(face, exstyle=self.path_style(part), noise=noise_of(generator, part["path seeds"]))
        direction = seeded(part["path seeds"] + 1, *images.shape[1:]).to(images.device)
        lengths = path_lengths(images, face, direction)
        mean = self.players.path_mean.tensor(lengths)
        penalty, _ = path_length_penalty(lengths, mean, DECAY)
        factor = self.adversary.path * self.adversary.path_every
        return {"penalty": factor * penalty, "_length": lengths.mean()}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:  # noqa: ARG002
        """Follow the mean path length."""
        if "path/length" in losses:
            self.players.path_mean.move(losses["path/length"], DECAY)

    # --- codes ------------------------------------------------------------------------------------------------

    def draw_faces(self, rng: torch.Generator, count: int, name: str) -> Draw:
        """Random faces with style mixing, and seeds of their noise."""
        sizes = (count, 2, self.players.generator.config.z_dim)
        return {
            f"{name} z": torch.randn(sizes, generator=rng),
            f"{name} cut": draw_cuts(rng, count, self.players.rows, self.adversary.mixing),
            f"{name} seeds": draw_seeds(rng, count),
        }

    def faces(self, draw: Draw, name: str) -> Tensor:
        """The w+ ``[N, L, D]`` of random faces."""
        generator = self.players.generator
        first, second = generator.mapping(draw[f"{name} z"].to(generator.w_avg.device)).unbind(dim=1)
        return mixed(first, second, draw[f"{name} cut"], self.players.rows)

    def _logits(self, images: Tensor, draw: Draw, name: str) -> Tensor:  # noqa: ARG002
        return self.players.discriminator(images)  # type: ignore[no-any-return]
