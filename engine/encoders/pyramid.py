"""pSp (Richardson et al. 2021) and e4e (Tov et al. 2021): a feature pyramid and a head for each layer.

Must match ``GradualStyleEncoder`` of eladrich/pixel2style2pixel and ``Encoder4Editing`` of
omertov/encoder4editing, which share every parameter name and differ in how rows are put together:
``EncoderConfig.progressive``. Both add the mean code outside of their encoder class; here it is inside.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ImageError
from ..latents import Latent
from .backbone import Backbone
from .config import IMAGE_SIZE, EncoderConfig
from .heads import MapToStyle

__all__ = ["PyramidEncoder", "level_of"]

SIDES = (IMAGE_SIZE // 16, IMAGE_SIZE // 8, IMAGE_SIZE // 4)  # coarse, middle, fine
FIRST_ROWS = (0, 3, 7)  # of coarse, middle, fine; the same for every number of layers


def level_of(row: int) -> int:
    """Which level of the pyramid a row is read from: 0 coarse, 1 middle, 2 fine."""
    return sum(row >= first for first in FIRST_ROWS) - 1


class PyramidEncoder(Backbone):
    """An image to a code for each layer of a generator.

    Attributes:
        latent_avg: the mean code, ``[L, D]``, that `forward` adds if the config says so.
    """

    latent_avg: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config.in_channels, config.stem, config.widths)
        self.config = config
        _, fine, middle, coarse = config.widths
        self.styles = nn.ModuleList(MapToStyle(coarse, config.w_dim, SIDES[level_of(row)]) for row in range(config.num_layers))
        self.latlayer1 = nn.Conv2d(middle, coarse, 1)
        self.latlayer2 = nn.Conv2d(fine, coarse, 1)
        self.register_buffer("latent_avg", torch.zeros(config.num_layers, config.w_dim))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def num_layers(self) -> int:
        """L, the rows of the code."""
        return self.config.num_layers

    @property
    def latent_dim(self) -> int:
        """D, the dimensions of a row."""
        return self.config.w_dim

    def forward(self, images: Tensor) -> Latent:
        """Images ``[N, 3, 256, 256]``, RGB in [-1, 1], to a latent ``[N, L, D]`` in the encoder's space.

        Raises:
            ImageError: the images are of another size, or not RGB; who calls decides how to resize.
        """
        codes = self.codes(images)
        return Latent(codes + self.latent_avg if self.config.add_average else codes, self.config.space)

    def codes(self, images: Tensor) -> Tensor:
        """What the heads say, ``[N, L, D]``: the code without `latent_avg`; see `forward`."""
        self._check(images)
        levels = self.pyramid(images)
        rows = torch.stack([head(levels[level_of(row)]) for row, head in enumerate(self.styles)], dim=1)  # [N, L, D]
        if not self.config.progressive:
            return rows
        w, differences = rows[:, :1], rows[:, 1:]
        return torch.cat([w, w + differences], dim=1)

    def pyramid(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Coarse, middle and fine features, ``[N, C, 16 | 32 | 64, ...]``."""
        _, fine, middle, coarse = self.stages(images)
        middle = _enlarged(coarse) + self.latlayer1(middle)
        return coarse, middle, _enlarged(middle) + self.latlayer2(fine)

    def _check(self, images: Tensor) -> None:
        wanted = [self.config.in_channels, IMAGE_SIZE, IMAGE_SIZE]
        if images.ndim != 4 or list(images.shape[1:]) != wanted:
            raise ImageError(
                f"this encoder takes images [N, {wanted[0]}, {IMAGE_SIZE}, {IMAGE_SIZE}], not {list(images.shape)}: "
                "align the face and resize the picture first"
            )


def _enlarged(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
