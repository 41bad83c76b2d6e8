"""The codes' discriminator beside an encoder: its steps, its randomness and what it tells the encoder."""

from collections.abc import Callable

import torch
from torch import Tensor

from ...losses.adversarial import discriminator_loss
from ...stylegan2 import LatentGenerator
from ...training.processes import everywhere, own_rows
from ...training.task import Draw, Losses, Moment, Phase
from .config import EncoderTraining
from .latent_discriminator import CodePool, LatentDiscriminator
from .losses import latent_adversarial

__all__ = ["LatentAdversary"]

SWAPPED = 0.5  # share of rows that are exchanged with the pool


class LatentAdversary:
    """e4e's game between codes and samples of w (Tov et al. 2021, section 5.2).

    Args:
        settings: of the training.
        generator: whose w is the real thing; frozen.
        codes: gives the encoder's codes ``[N, L, D]`` of a batch, and the stage of the progressive training.
        seed: of the initial weights.
    """

    def __init__(
        self,
        settings: EncoderTraining,
        generator: LatentGenerator,
        codes: Callable[[Draw, Moment], tuple[Tensor, int]],
        seed: int = 0,
    ) -> None:
        self.settings = settings
        self.generator = generator
        self.codes = codes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = LatentDiscriminator(generator.latent_dim)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.discriminator_lr)
        self.pool = CodePool(settings.pool, generator.latent_dim)

    @property
    def phases(self) -> list[Phase]:
        """The discriminator's steps, which come before the encoder's."""
        common = {"learns": ("latent discriminator",), "optimizer": "latent discriminator"}
        return [
            Phase(name="latent discriminator", losses=self._game, **common),  # type: ignore[arg-type]
            Phase(name="latent R1", losses=self._r1, every=self.settings.r1_every, **common),  # type: ignore[arg-type]
        ]

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """z of the real w, and what to take from the codes and the pool."""
        return {
            "real_z": torch.randn(count, self.generator.config.z_dim, generator=rng),
            "row": torch.rand(count, generator=rng),
            "swap": torch.rand(count, generator=rng) < SWAPPED,
            "place": torch.rand(count, generator=rng),
        }

    def generator_loss(self, codes: Tensor, stage: int) -> Tensor:
        """The encoder's loss, for the rows up to `stage`."""
        return latent_adversarial(self.network(codes[:, : stage + 1]))

    def _game(self, draw: Draw, moment: Moment) -> Losses:
        real, fake = self._real(draw, moment), self._fake(draw, moment)
        return {"adversarial": discriminator_loss(self.network(real), self.network(fake))}

    def _r1(self, draw: Draw, moment: Moment) -> Losses:
        real = self._real(draw, moment).requires_grad_()
        (gradient,) = torch.autograd.grad(self.network(real).sum(), real, create_graph=True)
        penalty = gradient.square().sum(dim=1).mean()
        return {"r1": 0.5 * self.settings.r1 * self.settings.r1_every * penalty}

    @torch.no_grad()
    def _real(self, draw: Draw, moment: Moment) -> Tensor:
        return self.generator.mapping(draw["real_z"].to(moment.device))

    @torch.no_grad()
    def _fake(self, draw: Draw, moment: Moment) -> Tensor:
        """A random row of each code, or an earlier one from the pool; without a pool, row 0."""
        codes, stage = self.codes(draw, moment)
        if not self.settings.pool:
            return codes[:, 0]
        rows = (draw["row"] * (stage + 1)).long().to(codes.device)
        chosen = codes[torch.arange(len(codes), device=codes.device), rows]
        return self._exchanged(chosen, draw)

    def _exchanged(self, rows: Tensor, draw: Draw) -> Tensor:
        """Rows ``[N, D]`` after the pool has seen those of all processes: one pool's exchange, in the order of the batch."""
        swap, place = (draw[name].to(rows)[:, None] for name in ("swap", "place"))
        given = everywhere(torch.cat([rows, swap, place], dim=1))
        return own_rows(self.pool.exchange(given[:, :-2], given[:, -2] > 0, given[:, -1]))
