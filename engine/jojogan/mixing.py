"""Style mixing: many codes that should all be mapped to the reference (JoJoGAN, section 3.1).

``s_i = M * s + (1 - M) * s(z_i)``: the reference's style where the mask M is 1, a random face's elsewhere.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import StyleError
from ..stylegan2 import Generator
from ..stylegan2.synthesis_layers import ToRGB
from .loss import EVERY
from .settings import OneShot

__all__ = ["Mixer", "mix_rows"]


def mix_rows(codes: Tensor, others: Tensor, rows: Sequence[int], alpha: float) -> Tensor:
    """w+ codes ``[N, L, D]`` with `rows` moved by `alpha` (1: entirely) to those of `others`."""
    index = torch.tensor(list(rows), device=codes.device, dtype=torch.long)
    return codes.index_copy(1, index, torch.lerp(codes[:, index], others[:, index], alpha))


class Mixer:
    """Draws mixed styles around the references.

    Args:
        generator: its mapping network samples the random faces.
        codes: w+ of the references ``[N, L, D]``.
        settings: the rows to swap, and by how much.

    Raises:
        StyleError: the generator has none of the rows to swap.
    """

    def __init__(self, generator: Generator, codes: Tensor, settings: OneShot) -> None:
        self.generator = generator
        self.codes = codes
        self.settings = settings
        self.rows = settings.swapped_rows(generator.num_layers)
        if settings.alpha > 0 and not self.rows:
            raise StyleError(
                f"none of the rows to swap exists in a generator of {generator.num_layers} rows: "
                f"set rows, and choose from 0 to {generator.num_layers - 1}"
            )

    def random_faces(self, z: Tensor) -> Tensor:
        """The w+ of random faces, ``[N, L, D]``."""
        with torch.no_grad():
            return self.generator.broadcast(self.generator.mapping(z))

    def styles(self, model: Generator, z: Tensor, numbers: Tensor | slice = EVERY) -> list[Tensor]:
        """Mixed styles ``[N, C_i]`` for each layer of `model`, the generator in training.

        In w+ the mixed codes pass through the modulation of the model in training. In S space the styles of the
        base generator are mixed, and the modulation is not trained.

        Args:
            z: of a random face for each reference, ``[N, D]``.
            numbers: of these references, ``[N]``; all by default.
        """
        codes, others = self.codes[numbers], self.random_faces(z)
        if self.settings.space == "w+":
            return model.styles(mix_rows(codes, others, self.rows, self.settings.alpha))
        with torch.no_grad():
            return self._mix_styles(self.generator.styles(codes), self.generator.styles(others))

    def _mix_styles(self, kept: list[Tensor], others: list[Tensor]) -> list[Tensor]:
        alpha = [self.settings.alpha if swapped else 0.0 for swapped in self._swapped_layers()]
        return [torch.lerp(own, other, amount) for own, other, amount in zip(kept, others, alpha, strict=True)]

    def _swapped_layers(self) -> list[bool]:
        """For each style-modulated layer, whether its style is swapped; to-RGB layers carry colour."""
        layers = zip(self.generator.layers, self.generator.rows, strict=True)
        return [row in self.rows and not (self.settings.keep_color and isinstance(layer, ToRGB)) for layer, row in layers]
