"""From pictures to codes to losses, method by method."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ...errors import TrainingError
from ...latents import Latent
from ...training.task import Draw, Losses, Moment
from ..hvae import Variational
from ..restyle import Refining, seen_attempt
from .config import Method
from .losses import hold_rows, kl_divergence
from .task import EncoderTask

__all__ = ["TASKS", "E4eTask", "PspTask", "RestyleTask", "VariationalTask"]


class PspTask(EncoderTask):
    """pSp (Richardson et al. 2021): one pass, and the image must be the picture."""

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Those of `Criterion`, and the norm of the codes."""
        inputs, targets = self.examples.batch(draw, moment)
        return self.compared(self.codes(inputs, moment), targets, draw, moment)

    def codes(self, inputs: Tensor, moment: Moment) -> Tensor:
        """w+ ``[N, L, D]`` of inputs."""
        with moment.autocast():
            latent = self.encoder(inputs)
        return self.generator.to_w_plus(Latent(latent.codes.float(), latent.space)).codes

    def invert(self, encoder: nn.Module, inputs: Tensor) -> Tensor:
        """One pass."""
        return self.generator.to_w_plus(encoder(inputs)).codes


class E4eTask(PspTask):
    """e4e (Tov et al. 2021): as pSp, and the rows start from one w and stay near it."""

    def codes(self, inputs: Tensor, moment: Moment) -> Tensor:
        """w+ whose rows beyond the stage are the first one."""
        return hold_rows(super().codes(inputs, moment), self.stage(moment))

    @torch.no_grad()
    def fake_codes(self, draw: Draw, moment: Moment) -> tuple[Tensor, int]:
        """The same codes, with the mean w: as the current release, and not its first version, has it."""
        return self.codes(self.examples.batch(draw, moment)[0], moment), self.stage(moment)


class RestyleTask(EncoderTask):
    """ReStyle (Alaluf et al. 2021): several attempts in each iteration, each of which sees the one before.

    The gradient of an attempt does not flow into the one before, so each is differentiated at once.
    """

    _first_seen: Tensor | None = None

    def losses(self, draw: Draw, moment: Moment) -> Iterator[Losses]:
        """Those of each attempt."""
        inputs, targets = self.examples.batch(draw, moment)
        codes, seen = self._start(len(inputs))
        for step in range(self.settings.steps):
            codes = codes + self._correction(inputs, seen, moment)
            picture = self.picture(codes, draw, moment, step)
            yield self.criterion(picture, targets) | self.code_losses(codes, moment)
            codes, seen = codes.detach(), seen_attempt(picture.detach())

    def invert(self, encoder: nn.Module, inputs: Tensor) -> Tensor:
        """All attempts, as `Refining.refine` makes them."""
        assert isinstance(encoder, Refining)
        return encoder.refine(inputs, self.generator, steps=self.settings.steps).codes

    @torch.no_grad()
    def fake_codes(self, draw: Draw, moment: Moment) -> tuple[Tensor, int]:
        """The first corrections, without the mean w, as the release has it."""
        inputs, _ = self.examples.batch(draw, moment)
        _, seen = self._start(len(inputs))
        return self._correction(inputs, seen, moment), self.stage(moment)

    def _correction(self, inputs: Tensor, seen: Tensor, moment: Moment) -> Tensor:
        assert isinstance(self.encoder, Refining)
        with moment.autocast():
            found = self.encoder.correction(torch.cat([inputs, seen.to(inputs)], dim=1))
        return hold_rows(found.float(), self.stage(moment)) if self.settings.progressive else found.float()

    @torch.no_grad()
    def _start(self, count: int) -> tuple[Tensor, Tensor]:
        """The mean code and its image, for a batch."""
        assert isinstance(self.encoder, Refining)
        first = self.encoder.first[None].to(self.generator.w_avg)
        if self._first_seen is None:
            self._first_seen = seen_attempt(self.generator.synthesis(first))
        return first.expand(count, -1, -1), self._first_seen.expand(count, -1, -1, -1)


class VariationalTask(EncoderTask):
    """AgileGAN's hierarchical VAE (Song et al. 2021, section 4.1): a Gaussian over z+, whose sample must give the picture."""

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Also the deviation of each sample from its mean, in standard deviations."""
        sizes = self.generator.num_layers, self.generator.config.z_dim
        return {**super().draw(rng, count), "deviation": torch.randn(count, *sizes, generator=rng)}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Those of `Criterion` for a sample, and the divergence from the prior."""
        assert isinstance(self.encoder, Variational)
        inputs, targets = self.examples.batch(draw, moment)
        with moment.autocast():
            mean, log_variance = (x.float() for x in self.encoder.distribution(inputs))
        deviation = (0.5 * log_variance).exp()
        z_plus = mean + deviation * draw["deviation"].to(mean.device)
        losses = self.compared(self.generator.mapping(z_plus), targets, draw, moment)
        divergence = kl_divergence(mean, log_variance)
        if self.settings.kl:
            losses["kl"] = self.settings.kl * self.settings.kl_share(moment.seen) * divergence
        if self.settings.codes:
            losses["codes"] = self.settings.codes * self._off_codes(mean, draw)
        return losses | {"_divergence": divergence, "_mean_square": mean.square().mean(), "_deviation": deviation.mean()}

    @staticmethod
    def _off_codes(mean: Tensor, draw: Draw) -> Tensor:
        """Mean square distance of every row from the known z (ours)."""
        if "z" not in draw:
            raise TrainingError("codes has a weight, and the z of these pictures is not known: set codes to 0")
        return (mean - draw["z"].to(mean.device)[:, None]).square().mean()

    def invert(self, encoder: nn.Module, inputs: Tensor) -> Tensor:
        """The mean, mapped row by row."""
        return self.generator.to_w_plus(encoder(inputs)).codes


TASKS: dict[Method, type[EncoderTask]] = {
    "psp": PspTask,
    "e4e": E4eTask,
    "restyle": RestyleTask,
    "restyle-e4e": RestyleTask,
    "vae": VariationalTask,
}
