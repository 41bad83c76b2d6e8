"""What the face encoders have in common: their size of image, their mean code, the space of their codes."""

import torch
from torch import Tensor

from ..errors import ImageError
from ..latents import Latent
from .backbone import Backbone
from .config import IMAGE_SIZE, EncoderConfig
from .inputs import as_input

__all__ = ["FaceEncoder"]


class FaceEncoder(Backbone):
    """An image to a latent code. What its heads are, and so `codes`, is for each kind of encoder to say.

    Attributes:
        latent_avg: the mean code, ``[L, D]``, that `forward` adds if the config says so.
    """

    latent_avg: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config.in_channels, config.stem, config.widths, config.backbone)
        self.config = config
        self.register_buffer("latent_avg", torch.zeros(config.num_layers, config.w_dim))

    @property
    def num_layers(self) -> int:
        """L, the rows of the code."""
        return self.config.num_layers

    @property
    def latent_dim(self) -> int:
        """D, the dimensions of a row."""
        return self.config.w_dim

    def prepare(self, images: Tensor) -> Tensor:
        """Images ``[N, 3, H, W]`` of any size as `forward` takes them, resized as the encoder is used to; see `as_input`.

        Raises:
            ImageError: the encoder takes label maps, and this is none.
        """
        return as_input(images, self.config.in_channels, IMAGE_SIZE, self.config.resize)

    def forward(self, images: Tensor) -> Latent:
        """Images ``[N, C, 256, 256]``, RGB in [-1, 1], to a latent in the encoder's space.

        Raises:
            ImageError: the images are of another size, or have other channels; see `prepare`.
        """
        codes = self.codes(images)
        return Latent(codes + self.average if self.config.add_average else codes, self.config.space)

    @property
    def average(self) -> Tensor:
        """The mean code in the shape of the encoder's codes without N: ``[D]`` in w, else ``[L, D]``."""
        return self.latent_avg[0] if self.config.space == "w" else self.latent_avg

    def codes(self, images: Tensor) -> Tensor:
        """What the heads say, ``[N, D]`` in w and else ``[N, L, D]``: the code without `latent_avg`."""
        raise NotImplementedError

    def features(self, images: Tensor) -> list[Tensor]:
        """The feature maps of the backbone's stages.

        Raises:
            ImageError: as `forward`.
        """
        wanted = [self.config.in_channels, IMAGE_SIZE, IMAGE_SIZE]
        if images.ndim != 4 or list(images.shape[1:]) != wanted:
            raise ImageError(
                f"this encoder takes images [N, {wanted[0]}, {IMAGE_SIZE}, {IMAGE_SIZE}], not {list(images.shape)}: "
                "align the face and resize the picture first"
            )
        return self.stages(images)
