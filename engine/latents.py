"""Latent codes together with their latent space."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar, get_args

import torch
from torch import Tensor

from .errors import Advice, LatentError
from .tensor_files import TensorFile

__all__ = ["IN_W_PLUS", "Latent", "Space"]

Space = Literal["z", "z+", "w", "w+"]

HEADER = "pastiche.latent"  # in a file's metadata: the space
FILE = TensorFile(
    header=HEADER,
    what="a latent",
    writer=Advice(python="`Latent.save`", command="`pastiche invert`", node="Save Latent"),
    refusal=LatentError,
)
CODES = "codes"
OFFSET = "offset"
NOISE = "noise."  # prefix of the noise maps' numbers

IN_W_PLUS = Advice(
    python="convert it with the generator that it belongs to (Generator.to_w_plus)",
    command="invert the face with an encoder whose codes are in w+, such as e4e (--encoder)",
    node="invert the face with an encoder whose codes are in w+, such as e4e, or with space w+ in Invert Face",
)
"""How to bring a latent to w+."""

Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Latent:
    """Codes of N images in one latent space.

    Args:
        codes: float ``[N, D]`` in z and w, ``[N, L, D]`` in z+ and w+ (L layers, D dimensions).
        space: ``"z"`` (Gaussian), ``"w"`` (after the mapping network), or either with a ``+``:
            one code for each layer.
        noise: the noise maps that belong to the codes, each ``[1 or N, 1, H, W]``, one for each 3 x 3 convolution; they
            are used where noise is "fixed". Empty: the generator's own.
        offset: what an edit in S space adds to the styles of all layers, one after another: ``[1 or N, S]``.

    Raises:
        LatentError: the number of axes does not fit the space, the space is unknown, or the noise maps or the offset do
            not fit the number of codes.

    The generator converts between spaces: ``Generator.to_w_plus(latent)``.
    """

    codes: Tensor
    space: Space
    noise: tuple[Tensor, ...] = ()
    offset: Tensor | None = None

    def __post_init__(self) -> None:
        if self.space not in get_args(Space):
            raise LatentError(f"unknown latent space {self.space!r}: expected one of {', '.join(get_args(Space))}")
        axes = 3 if self.space.endswith("+") else 2
        if self.codes.ndim != axes:
            shape = "[N, L, D]" if axes == 3 else "[N, D]"
            raise LatentError(f"a latent in {self.space} has the shape {shape}, not {list(self.codes.shape)}")
        extras = [(level, 4, "noise map") for level in self.noise]
        extras += [] if self.offset is None else [(self.offset, 2, "offset")]
        for extra, axes, name in extras:
            if extra.ndim != axes or len(extra) not in (1, len(self)):
                raise LatentError(f"the {name} {list(extra.shape)} of a latent does not fit its {len(self)} codes")

    def __len__(self) -> int:
        return self.codes.shape[0]

    def __getitem__(self, index: int | slice) -> "Latent":
        """The chosen codes, as a batch: ``latent[0]`` holds the code of one image."""
        if isinstance(index, int) and not -len(self) <= index < len(self):
            raise IndexError(f"there is no code {index} among {len(self)}")
        rows = slice(index, index + 1 or None) if isinstance(index, int) else index

        def of(extra: Tensor) -> Tensor:
            return extra[rows] if len(extra) == len(self) else extra

        offset = None if self.offset is None else of(self.offset)
        return Latent(self.codes[rows], self.space, tuple(of(level) for level in self.noise), offset)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Latent":
        """Move the codes to another device or precision."""
        noise = tuple(level.to(device=device, dtype=dtype) for level in self.noise)
        offset = None if self.offset is None else self.offset.to(device=device, dtype=dtype)
        return Latent(self.codes.to(device=device, dtype=dtype), self.space, noise, offset)

    def with_codes(self, codes: Tensor, space: Space) -> "Latent":
        """Other codes with the same noise maps and offset."""
        return replace(self, codes=codes, space=space)

    def noise_or(self, asked: Asked) -> Asked | tuple[Tensor, ...]:
        """The noise to draw with: this latent's own maps where "fixed" was asked for and there are any."""
        return self.noise if self.noise and isinstance(asked, str) and asked == "fixed" else asked

    def without_offset(self, drawn_by: str) -> "Latent":
        """This latent, for what can't draw an edit in S space.

        Raises:
            LatentError: it has such an edit.
        """
        if self.offset is not None:
            raise LatentError(
                f"this latent holds an edit in S space, which {drawn_by} can't draw: edit with directions in w or w+ instead"
            )
        return self

    def expect(self, *spaces: Space) -> Tensor:
        """Return the codes if they are in one of `spaces`.

        Raises:
            LatentError: they are in another space.
        """
        if self.space not in spaces:
            wanted = " or ".join(spaces)
            raise LatentError(f"this latent is in {self.space}, and {wanted} is needed", IN_W_PLUS if "w+" in spaces else None)
        return self.codes

    def save(self, path: str | Path) -> None:
        """Save everything to a ``.safetensors`` file, atomically.

        Raises:
            LatentError: it can't be written.
        """
        tensors = {CODES: self.codes, **{f"{NOISE}{index}": level for index, level in enumerate(self.noise)}}
        if self.offset is not None:
            tensors[OFFSET] = self.offset
        FILE.write(path, tensors, self.space)

    @classmethod
    def load(cls, path: str | Path) -> "Latent":
        """Load a latent that `save` wrote.

        Raises:
            LatentError: the file can't be read, or does not hold a latent.
        """
        tensors, space = FILE.read(path)
        names = _names(tensors)
        if set(names) != set(tensors):
            raise FILE.foreign(path)
        if wrong := [value.dtype for value in tensors.values() if not value.is_floating_point()]:
            raise LatentError(f"{path} holds codes of {wrong[0]}, but a latent holds floating point numbers")
        noise = tuple(tensors[name] for name in names if name.startswith(NOISE))
        return cls(tensors[CODES], space, noise, tensors.get(OFFSET))  # type: ignore[arg-type]  # raises if the space is unknown


def _names(found: Collection[str]) -> list[str]:
    """The names that a file of a latent with these tensors has, noise maps in order."""
    count = sum(name.startswith(NOISE) for name in found)
    return [CODES, *([OFFSET] if OFFSET in found else []), *(f"{NOISE}{index}" for index in range(count))]
