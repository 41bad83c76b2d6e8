"""AgileGAN's hierarchical variational encoder (Song et al. 2021): a face to a distribution over z+.

Must match ``VAEStyleEncoder`` of flyingbread-elon/AgileGAN: pSp's pyramid and heads, and two linear layers that
all rows share. The paper draws six rows for each of three levels; the released code has pSp's 3, 4 and 11.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ..errors import LatentError
from ..latents import Latent
from ..randomness import normal
from .config import EncoderConfig
from .pyramid import PyramidEncoder

__all__ = ["Variational", "VariationalEncoder"]


class Variational(ABC):
    """Encoders that give a Gaussian over z+ for each face."""

    @abstractmethod
    def distribution(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The Gaussian's mean and the logarithm of its variance, each ``[N, L, D]``."""

    def sample(self, images: Tensor, *, rng: torch.Generator | None = None, temperature: float = 1.0) -> Latent:
        """A code drawn from the distribution.

        Args:
            images: ``[N, 3, 256, 256]`` in [-1, 1].
            rng: random generator; one on the CPU gives the same codes on every device.
            temperature: scales the deviation from the mean; 0 gives the mean.

        Raises:
            ImageError: the images are of another size.
            LatentError: the temperature is negative.
        """
        if temperature < 0:
            raise LatentError(f"the temperature is {temperature}: it must be 0 or more")
        mean, log_variance = self.distribution(images)
        noise = normal(*mean.shape, rng=rng, device=mean.device).to(mean.dtype)
        return Latent(mean + temperature * (0.5 * log_variance).exp() * noise, "z+")


class VariationalEncoder(PyramidEncoder, Variational):
    """An image to the mean of its z+ code; untrained, to the prior's: zero."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.fc_mu = nn.Linear(config.w_dim, config.w_dim)
        self.fc_var = nn.Linear(config.w_dim, config.w_dim)
        for layer in (self.fc_mu, self.fc_var):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def codes(self, images: Tensor, *, stage: int | None = None) -> Tensor:
        """The mean, ``[N, L, D]``; see `forward`."""
        rows = super().codes(images, stage=stage)
        with torch.autocast(rows.device.type, enabled=False):
            return self.fc_mu(rows)  # type: ignore[no-any-return]

    def distribution(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The Gaussian of z+: its mean and the logarithm of its variance, each ``[N, L, D]``.

        Args:
            images: as for `forward`.

        Raises:
            ImageError: as `forward`.
        """
        rows = super().codes(images)
        with torch.autocast(rows.device.type, enabled=False):
            return self.fc_mu(rows), self.fc_var(rows)
