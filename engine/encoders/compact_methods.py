"""The compact encoder in AgileGAN's and in ReStyle's way of inverting a face."""

import torch
from torch import Tensor, nn

from ..images import resize
from ..latents import Latent
from .compact import CompactEncoder, CompactEncoderConfig
from .config import IMAGE_SIZE
from .hvae import Variational
from .restyle import Refining

__all__ = ["CompactRestyleEncoder", "CompactVariationalEncoder"]


class CompactVariationalEncoder(CompactEncoder, Variational):
    """A face to the mean of its z+ code; untrained, to the prior's: zero, with a variance of one.

    ``w_dim`` of the config is the dimension of z.
    """

    def __init__(self, config: CompactEncoderConfig) -> None:
        super().__init__(config)
        self.narrow_variances = nn.Linear(config.hidden, config.rank, bias=False)
        self.variances = nn.Linear(config.rank, config.num_layers * config.w_dim)
        for layer in (self.codes, self.variances):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def distribution(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The Gaussian of z+: its mean and the logarithm of its variance, each ``[N, L, D]``.

        Args:
            images: ``[N, 3, 256, 256]`` in [-1, 1].

        Raises:
            ImageError: the images are of another size.
        """
        features = self.features(self.seen(images))
        with torch.autocast(images.device.type, enabled=False):
            log_variance = self.variances(self.narrow_variances(features.float()))
        return self.relative(*self.read(features)), log_variance.unflatten(1, (self.num_layers, -1))

    def forward(self, images: Tensor) -> Latent:
        """The mean, in z+.

        Raises:
            ImageError: as `distribution`.
        """
        return Latent(self.distribution(images)[0], "z+")


class CompactRestyleEncoder(CompactEncoder, Refining):
    """A face and the attempt so far, ``[N, 6, 256, 256]``, to a correction of the code; `refine` inverts a face."""

    @property
    def first(self) -> Tensor:
        """The mean code, in each row."""
        return self.latent_avg.expand(self.num_layers, -1)

    def prepare(self, images: Tensor) -> Tensor:
        """Faces ``[N, 3, H, W]`` at 256 pixels."""
        return resize(images, IMAGE_SIZE, "bilinear")

    def correction(self, images: Tensor) -> Tensor:
        """What must be added to the attempt's code, ``[N, L, D]``.

        Raises:
            ImageError: the images are not 256 x 256, or have other channels.
        """
        return self.relative(*self.predict(self.seen(images)))
