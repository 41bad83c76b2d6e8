"""Latent codes together with their latent space."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import LatentError
from .files import replacing

__all__ = ["Latent", "Space"]

Space = Literal["z", "z+", "w", "w+"]

HEADER = "pastiche.latent"  # in a file's metadata: the space
CODES = "codes"  # the one tensor of a file


@dataclass(frozen=True)
class Latent:
    """Codes of N images in one latent space.

    Args:
        codes: float ``[N, D]`` in z and w, ``[N, L, D]`` in z+ and w+ (L layers, D dimensions).
        space: ``"z"`` (Gaussian), ``"w"`` (after the mapping network), or either with a ``+``:
            one code for each layer.

    Raises:
        LatentError: the number of axes does not fit the space, or the space is unknown.

    The generator converts between spaces: ``Generator.to_w_plus(latent)``.
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
        """The chosen codes, as a batch: ``latent[0]`` holds the code of one image."""
        if isinstance(index, int) and not -len(self) <= index < len(self):
            raise IndexError(f"there is no code {index} among {len(self)}")
        rows = slice(index, index + 1 or None) if isinstance(index, int) else index
        return Latent(self.codes[rows], self.space)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Latent":
        """Move the codes to another device or precision."""
        return Latent(self.codes.to(device=device, dtype=dtype), self.space)

    def expect(self, *spaces: Space) -> Tensor:
        """Return the codes if they are in one of `spaces`.

        Raises:
            LatentError: they are in another space.
        """
        if self.space not in spaces:
            wanted = " or ".join(spaces)
            raise LatentError(
                f"this latent is in {self.space}, and {wanted} is needed: "
                "convert it with the generator that it belongs to (Generator.to_w_plus)"
            )
        return self.codes

    def save(self, path: str | Path) -> None:
        """Save codes and space to a ``.safetensors`` file, atomically.

        Raises:
            LatentError: it can't be written.
        """
        codes = self.codes.detach().cpu().contiguous()
        with replacing(Path(path), LatentError) as beside:
            save_file({CODES: codes}, beside, {HEADER: self.space})

    @classmethod
    def load(cls, path: str | Path) -> "Latent":
        """Load a latent that `save` wrote.

        Raises:
            LatentError: the file can't be read, or does not hold a latent.
        """
        try:
            with safe_open(path, framework="pt") as file:
                space, names = (file.metadata() or {}).get(HEADER), list(file.keys())
                if space is None or names != [CODES]:
                    raise LatentError(
                        f"{path} is a .safetensors file, but not a latent saved by Pastiche: use `pastiche inspect`"
                    )
                codes = file.get_tensor(CODES)
        except (OSError, SafetensorError) as error:
            raise LatentError(f"{path} can't be read as a latent: {error}") from error
        if not codes.is_floating_point():
            raise LatentError(f"{path} holds codes of {codes.dtype}, but a latent holds floating point numbers")
        return cls(codes, space)
