"""The training of one encoder for one frozen generator, as `training.train` runs it."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict

import torch
from torch import Tensor, nn

from ...stylegan2 import LatentGenerator
from ...stylegan2.fingerprint import fingerprint
from ...training.noise import draw_seeds, seeded_maps
from ...training.ranger import Ranger
from ...training.task import Draw, Losses, Moment, Phase, Task
from .adversary import LatentAdversary
from .config import EncoderTraining
from .criterion import Criterion
from .examples import ExampleSource
from .losses import code_norm, delta_norm
from .stages import Stages

__all__ = ["EncoderTask"]

SHOWN = 6  # pictures in a preview
ENCODER = "encoder"


class EncoderTask(Task):
    """What pSp, e4e, ReStyle and the hierarchical VAE have in common; each says how it comes from pictures to codes.

    Args:
        encoder: that learns, but for the parameters that require no gradient.
        generator: that it is for; frozen.
        examples: to learn from.
        criterion: between images.
        settings: of the training.
        images: to see in all, which the learning rate falls by.
        seed: of the discriminator of codes.
    """

    def __init__(
        self,
        encoder: nn.Module,
        generator: LatentGenerator,
        examples: ExampleSource,
        criterion: Criterion,
        settings: EncoderTraining,
        *,
        images: int,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.images = images
        self.settings = settings
        self.encoder = encoder.train()
        self.generator = generator.requires_grad_(False).eval()
        self.examples = examples
        self.criterion = criterion
        self.noise_sides = [noise.shape[-1] for noise in self.generator.noise_maps("fixed") if noise is not None]
        self.stages = Stages(start=settings.stage_start, every=settings.stage_every, last=generator.num_layers - 1)
        self.adversary = LatentAdversary(settings, generator, self.fake_codes, seed) if settings.adversarial else None
        self.networks = {ENCODER: self.encoder}
        self.averages = {ENCODER: deepcopy(encoder).eval().requires_grad_(False)} if settings.average else {}
        self.optimizers = {ENCODER: _optimizer(settings, encoder)}
        self.states = {} if examples.stream is None else {"pictures": examples.stream}
        self.frozen = {"generator": self.generator, **self._feature_networks()}
        self.config = {**asdict(settings), "generator": fingerprint(generator), "features": criterion.names}
        if self.adversary is not None:
            self.networks = {**self.networks, "latent discriminator": self.adversary.network}
            self.optimizers = {**self.optimizers, "latent discriminator": self.adversary.optimizer}
            self.states = {**self.states, "pool": self.adversary.pool}
        steps = [] if self.adversary is None else self.adversary.phases
        self.phases = [*steps, Phase(name=ENCODER, learns=(ENCODER,), optimizer=ENCODER, losses=self.losses)]

    def _feature_networks(self) -> dict[str, nn.Module]:
        embeddings = {name: found.network for name, found in self.criterion.embeddings.items() if found is not None}
        return {"perception": self.criterion.perception.network, **embeddings}

    @abstractmethod
    def losses(self, draw: Draw, moment: Moment) -> Losses | Iterator[Losses]:
        """The encoder's losses."""

    @abstractmethod
    def invert(self, encoder: nn.Module, inputs: Tensor) -> Tensor:
        """w+ ``[N, L, D]`` of inputs ``[N, C, 256, 256]``, as the trained encoder is used."""

    def fake_codes(self, draw: Draw, moment: Moment) -> tuple[Tensor, int]:
        """The codes that the discriminator of codes takes as fake, and the stage."""
        raise NotImplementedError

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Pictures, seeds of noise, and what the discriminator of codes takes."""
        found = self.examples.draw(rng, count)
        if self.settings.random_noise:
            found["noise"] = draw_seeds(rng, count)
        return found if self.adversary is None else {**found, **self.adversary.draw(rng, count)}

    def stage(self, moment: Moment) -> int:
        """The last row that has a difference of its own."""
        return self.stages.at(moment.iteration) if self.settings.progressive else self.stages.last

    def picture(self, w_plus: Tensor, draw: Draw, moment: Moment, step: int = 0) -> Tensor:
        """The generator's image of codes ``[N, L, D]``, with the noise of each picture's seed.

        Args:
            step: another one gives other noise.
        """
        if "noise" not in draw or not self.noise_sides:
            with moment.autocast():
                return self.generator.synthesis(w_plus)
        maps = seeded_maps(draw["noise"] + step, self.noise_sides, moment.device)
        with moment.autocast():
            return self.generator.synthesis(w_plus, noise=maps)

    def compared(self, w_plus: Tensor, targets: Tensor, draw: Draw, moment: Moment) -> Losses:
        """The losses of w+ codes: of their image, and of the codes themselves."""
        return self.criterion(self.picture(w_plus, draw, moment), targets) | self.code_losses(w_plus, moment)

    def code_losses(self, w_plus: Tensor, moment: Moment) -> Losses:
        """Norm, differences of rows, and what the discriminator of codes says."""
        settings, stage, losses = self.settings, self.stage(moment), Losses()
        if settings.norm:
            average = self.generator.w_avg if settings.add_average else w_plus.new_zeros(())
            losses["norm"] = settings.norm * code_norm(w_plus, average)
        if settings.delta and stage:
            losses["delta"] = settings.delta * delta_norm(w_plus, stage)
        if self.adversary is not None:
            losses["adversarial"] = settings.adversarial * self.adversary.generator_loss(w_plus, stage)
        return losses

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Lower the learning rate at the end, if the settings say so."""
        if not self.settings.decay:
            return
        left = max(0.0, 1 - moment.seen / self.images)
        for group in self.optimizers[ENCODER].param_groups:
            group["lr"] = self.settings.lr * min(1.0, left / self.settings.decay)

    @property
    def trained(self) -> nn.Module:
        """What is kept: the moving average, or the encoder itself where there is none."""
        return self.averages.get(ENCODER, self.encoder)

    def finished_encoder(self) -> nn.Module:
        """A copy of `trained` on the CPU, in evaluation mode, frozen."""
        return deepcopy(self.trained).cpu().eval().requires_grad_(False)

    @torch.no_grad()
    def samples(self) -> Tensor:
        """A few pictures, each with its inversion beneath it."""
        inputs, targets = self.examples.shown(SHOWN, Moment(device=self.generator.w_avg.device))
        encoder = self.trained
        was = encoder.training
        found = self.generator.synthesis(self.invert(encoder.eval(), inputs))
        encoder.train(was)
        side = min(found.shape[-1], targets.shape[-1])
        shown = [nn.functional.adaptive_avg_pool2d(x, side) for x in (targets, found)]
        return torch.stack(shown, dim=1).flatten(0, 1)


def _optimizer(settings: EncoderTraining, encoder: nn.Module) -> torch.optim.Optimizer:
    learning = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    if settings.optimizer == "ranger":
        return Ranger(learning, lr=settings.lr)
    return torch.optim.Adam(learning, lr=settings.lr)
