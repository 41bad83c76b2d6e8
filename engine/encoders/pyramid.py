"""A head for each layer of the generator: pSp (Richardson et al. 2021), e4e (Tov et al. 2021), and ReStyle's.

Must match ``GradualStyleEncoder`` of eladrich/pixel2style2pixel and ``Encoder4Editing`` of
omertov/encoder4editing, which share every parameter name and differ in how rows are put together:
``EncoderConfig.progressive``; and ``BackboneEncoder`` and ``ProgressiveBackboneEncoder`` of
yuval-alaluf/restyle-encoder, whose heads all read the last map: ``EncoderConfig.pyramid``.
All add the mean code outside of their encoder class; here it is inside.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import IMAGE_SIZE, EncoderConfig
from .face import FaceEncoder
from .heads import MapToStyle, read_rows

__all__ = ["PyramidEncoder", "level_of"]

SIDES = (IMAGE_SIZE // 16, IMAGE_SIZE // 8, IMAGE_SIZE // 4)  # coarse, middle, fine
FIRST_ROWS = (0, 3, 7)  # of coarse, middle, fine; the same for every number of layers


def level_of(row: int) -> int:
    """Which level of the pyramid a row is read from: 0 coarse, 1 middle, 2 fine."""
    return sum(row >= first for first in FIRST_ROWS) - 1


class PyramidEncoder(FaceEncoder):
    """An image to a code for each layer of a generator."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        _, fine, middle, coarse = config.widths
        self.levels = [level_of(row) if config.pyramid else 0 for row in range(config.num_layers)]
        self.styles = nn.ModuleList(MapToStyle(coarse, config.w_dim, SIDES[level]) for level in self.levels)
        if config.pyramid:
            self.latlayer1 = nn.Conv2d(middle, coarse, 1)
            self.latlayer2 = nn.Conv2d(fine, coarse, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def codes(self, images: Tensor, *, stage: int | None = None) -> Tensor:
        """What the heads say, ``[N, L, D]``: the code without `latent_avg`; see `forward`.

        Args:
            stage: of e4e's progressive training: rows beyond it get the plain w of the first head; by default none do.

        Raises:
            ImageError: as `forward`.
        """
        rows = torch.stack(self._rows(images), dim=1)  # [N, L, D]
        if not self.config.progressive:
            return rows
        last = self.num_layers if stage is None else stage + 1
        w, differences = rows[:, :1], rows[:, 1:last]
        return torch.cat([w, w + differences, w.expand(-1, self.num_layers - 1 - differences.shape[1], -1)], dim=1)

    def _rows(self, images: Tensor) -> list[Tensor]:
        maps = self.pyramid(images) if self.config.pyramid else self.features(images)[-1:]
        heads: list[list[MapToStyle]] = [[] for _ in maps]
        for level, head in zip(self.levels, self.styles, strict=True):
            heads[level].append(head)  # type: ignore[arg-type]
        return [row for level, x in zip(heads, maps, strict=True) for row in read_rows(level, x)]

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Coarse, middle and fine features, ``[N, C, 16 | 32 | 64, ...]``."""
        _, fine, middle, coarse = self.features(images)
        middle = _enlarged(coarse) + self.latlayer1(middle)
        return [coarse, middle, _enlarged(middle) + self.latlayer2(fine)]


def _enlarged(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
