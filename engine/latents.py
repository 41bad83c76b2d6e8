"""Latent codes that carry the space they live in."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from .errors import LatentError

__all__ = ["Latent", "Space"]

Space = Literal["z", "z+", "w", "w+"]


@dataclass(frozen=True)
class Latent:
    """Codes for N pictures in one latent space.

    Args:
        codes: float ``[N, D]`` in z and w, ``[N, L, D]`` in z+ and w+ (L layers, D dimensions).
        space: ``"z"`` (Gaussian), ``"w"`` (after the mapping network), or either with a ``+``:
            one code for each layer.

    Raises:
        LatentError: the number of axes does not fit the space, or the space is unknown.

    Moving from one space to another is a method of the generator: ``Generator.to_w_plus(latent)``.
    """

    codes: Tensor
    space: Space

    def __post_init__(self) -> None:
        if self.space not in get_args(Space):
            raise LatentError(f"unknown latent space {self.space!r}: expected one of {', '.join(get_args(Space))}")
        axes = 3 if self.space.endswith("+") else 2
        if self.codes.ndim != axes:
            shape = "[N, L, D]" if axes == 3 else "[N, D]"
            raise LatentError(f"a latent in {self.space} has the shape {shape}, not {list(self.codes.shape)}")

    def __len__(self) -> int:
        return self.codes.shape[0]

    def __getitem__(self, index: int | slice) -> "Latent":
        """The chosen codes, as a batch: ``latent[0]`` holds one picture's code."""
        rows = slice(index, index + 1 or None) if isinstance(index, int) else index
        return Latent(self.codes[rows], self.space)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Latent":
        """The same codes on another device or in another precision."""
        return Latent(self.codes.to(device=device, dtype=dtype), self.space)

    def expect(self, *spaces: Space) -> Tensor:
        """The codes, if they are in one of `spaces`.

        Raises:
            LatentError: they are in another.
        """
        if self.space not in spaces:
            wanted = " or ".join(spaces)
            raise LatentError(
                f"this latent is in {self.space}, and {wanted} is needed: "
                "convert it with the generator that it belongs to (Generator.to_w_plus)"
            )
        return self.codes
