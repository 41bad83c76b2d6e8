"""The pictures that say which style is asked for, as they are shown, and their codes.

A picture that is shown as it is has the code that was read before the training. A recoloured one (see `recolour`) is read anew.
"""

import torch
from torch import Tensor

from ...errors import TrainingError
from ...training.task import Moment
from ..encoder import StyleEncoder
from .codes import Pictures
from .config import BlendTraining
from .recolour import draw_colors, recoloured

__all__ = ["References"]


class References:
    """Pictures in styles.

    Args:
        pictures: in their styles.
        codes: of each of them as it is, ``[M, D]``.
        settings: of the training.
        reader: what the codes come from; it reads recoloured pictures. It stays as it is.
        partners: for each picture the number of another one in the same manner, or its own, ``[M]``.

    Raises:
        TrainingError: the settings ask for what is not given.
    """

    def __init__(
        self,
        pictures: Pictures,
        codes: Tensor,
        settings: BlendTraining,
        reader: StyleEncoder | None = None,
        partners: Tensor | None = None,
    ) -> None:
        if reader is None and (settings.recolour or settings.weight_texture):
            raise TrainingError("recolour and weight_texture need the style encoder itself: give it, or set both to 0")
        if partners is None and settings.partners:
            raise TrainingError("partners are to be read, and it is not known which pictures have the same manner: set it to 0")
        self.pictures, self.codes, self.settings = pictures, codes, settings
        self.reader, self.partners = reader, partners
        if reader is not None:
            reader.requires_grad_(False)

    def draw_colors(self, rng: torch.Generator, count: int) -> Tensor | None:
        """Maps of RGB for so many pictures, ``[count, 3, 4]``; None where none is recoloured."""
        return draw_colors(rng, count, self.settings.recolour) if self.settings.recolour else None

    def draw_read(self, rng: torch.Generator, numbers: Tensor) -> Tensor:
        """The pictures that the codes of pairs ``[N]`` are read from: they themselves, or their partners."""
        if self.partners is None or not self.settings.partners:
            return numbers
        taken = torch.rand(len(numbers), generator=rng) < self.settings.partners
        return torch.where(taken, self.partners[numbers], numbers)

    def show(self, numbers: Tensor, flips: Tensor, colors: Tensor | None, moment: Moment) -> Tensor:
        """Pictures ``[N, 3, R, R]``."""
        found = self.pictures.batch(numbers, flips, moment.device)
        return found if colors is None else recoloured(found, colors)

    @torch.no_grad()
    def read(self, numbers: Tensor, colors: Tensor | None, moment: Moment) -> Tensor:
        """Their style codes ``[N, D]``."""
        if colors is None or self.reader is None:
            return self.codes[numbers].to(moment.device)
        with moment.autocast():
            return self.reader(recoloured(self.pictures.batch(numbers, device=moment.device), colors))  # type: ignore[no-any-return]
