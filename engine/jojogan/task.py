"""One iteration of the fine-tuning; `training.loop` runs it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from ..errors import Advice
from ..inversion.gradients import trainable_copy
from ..losses.perceptual_net import PerceptualNet
from ..stylegan2 import Discriminator, Generator
from ..training.task import Draw, Losses, Moment, Phase, Task
from .loss import FeatureLoss, IdentityNetwork, ReferenceLoss, identity_loss
from .mixing import Mixer
from .settings import OneShot

__all__ = ["OneShotTask"]

RELIEF = Advice(
    python="give fewer references, or a generator of a lower resolution",
    command="give fewer references, choose weights of a lower resolution, or add --device cpu",
    node="connect fewer references, or choose a generator of a lower resolution",
)


class OneShotTask(Task):
    """A copy of a generator that is fine-tuned to draw the references (JoJoGAN, section 3).

    The batch of its schedule is the number of references, each of which is in every iteration.

    Args:
        generator: to start from, which stays as it is. The task is built on its device.
        network: of the feature loss: a discriminator, or a perceptual network.
        references: ``[N, 3, R, R]`` in [-1, 1].
        codes: w+ of the references to mix styles around, ``[N, L, D]``.
        settings: of the fine-tuning.
        blocks: of `network` that are compared.
        identity: for the identity loss, if the settings give it a weight.

    Raises:
        StyleError: the generator has none of the rows to swap, or `network` none of the blocks.
    """

    def __init__(
        self,
        generator: Generator,
        network: Discriminator | PerceptualNet,
        references: Tensor,
        codes: Tensor,
        settings: OneShot,
        *,
        blocks: tuple[int, ...],
        identity: IdentityNetwork | None = None,
    ) -> None:
        super().__init__()
        self.generator, self.codes, self.settings = generator, codes, settings
        self.identity = identity if settings.identity else None
        self.tuned = trainable_copy(generator)
        frozen = deepcopy(network).requires_grad_(False).eval().to(codes.device)
        self.features = FeatureLoss(frozen, references, blocks, grey=settings.greyscale)
        self.compared = ReferenceLoss(references, grey=settings.greyscale, scale=settings.reconstruction_scale)
        self.mixer = Mixer(generator, codes, settings)
        learning = [parameter for parameter in self.tuned.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(learning, lr=settings.lr * settings.rate(0), betas=settings.betas)
        self.networks, self.optimizers = {"tuned": self.tuned}, {"tuned": self.optimizer}
        self.phases = [Phase(name="style", learns=("tuned",), optimizer="tuned", losses=self.losses)]
        self.relief = RELIEF

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Each reference's number, noise maps, and z of a random face."""
        random = self.settings.noise == "random"
        maps = self.tuned.noise_maps("random", count, rng) if random else []
        found: dict[str, Any] = {f"noise {number}": level for number, level in enumerate(maps)}
        return {**found, "number": torch.arange(count), "z": self.generator.sample_z(count, rng)}

    def losses(self, draw: Draw, _moment: Moment) -> Losses:
        """How far the drawn faces are from the references, and from their own unstyled faces."""
        random = [level for name, level in draw.items() if name.startswith("noise")]
        noise = random or self.tuned.noise_maps("fixed")
        shown = draw["number"]  # all references, or this process's share of them
        styles = self.mixer.styles(self.tuned, draw["z"], shown)
        drawn = self.tuned.render(styles, noise)
        losses = {"features": self.features(drawn, shown)}
        if self.settings.reconstruction:
            losses["reconstruction"] = self.settings.reconstruction * self.compared.reconstruction(drawn, shown)
        if self.settings.texture:
            losses["texture"] = self.settings.texture * self.compared.texture(drawn, shown)
        if self.identity is not None:
            with torch.no_grad():
                original = self.generator.render(self.mixer.styles(self.generator, draw["z"], shown), noise)
            losses["identity"] = self.settings.identity * identity_loss(self.identity, drawn, original)
        return losses

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * self.settings.rate(moment.iteration)

    def samples(self) -> Tensor:
        """The references' codes as the generator draws them now."""
        return self.tuned.synthesis(self.codes)
