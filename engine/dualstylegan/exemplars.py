"""The exemplars of a DualStyleGAN: the style images that it was trained on, as codes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import Advice, StyleError
from ..tensor_files import TensorFile
from .config import ExemplarsConfig

__all__ = ["ExemplarTable", "Exemplars"]

HEADER = "pastiche.exemplars"  # in a file's metadata: the names, a line each
CODES = "codes"  # the one tensor of a file
FILE = TensorFile(
    header=HEADER,
    what="exemplars",
    writer=Advice(python="`Exemplars.save`", command="`Exemplars.save` in Python", node="`Exemplars.save` in Python"),
    refusal=StyleError,
)
SHOWN = 8  # names in a message


class Exemplars:
    """Extrinsic style codes in z+, in the order of their numbers.

    Args:
        names: of the images; no two alike, and none with a line break.
        codes: ``[E, L, D]``.

    Raises:
        StyleError: names and codes don't fit together.
    """

    def __init__(self, names: Sequence[str], codes: Tensor) -> None:
        self.names = tuple(names)
        self.codes = codes
        fits = codes.ndim == 3 and codes.is_floating_point() and len(codes) == len(self.names) > 0
        if not fits or len(set(self.names)) != len(self.names) or any(len(name.splitlines()) != 1 for name in self.names):
            raise StyleError(
                f"{len(self.names)} names and codes of the shape {list(codes.shape)} are no exemplars: expected [E, L, D] and "
                "a name for each, all different and none empty"
            )

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        """The names, in order."""
        return iter(self.names)

    def __getitem__(self, exemplar: int | str) -> Tensor:
        """The z+ code ``[L, D]`` of an exemplar, by its number (the release's style_id) or its name.

        Raises:
            StyleError: there is no such exemplar; says which there are.
        """
        if isinstance(exemplar, str) and exemplar in self.names:
            return self.codes[self.names.index(exemplar)]
        if not isinstance(exemplar, str) and 0 <= exemplar < len(self):
            return self.codes[exemplar]
        more = f" and {len(self) - SHOWN} more" if len(self) > SHOWN else ""
        raise StyleError(
            f"there is no exemplar {exemplar!r}: there are numbers 0 to {len(self) - 1}, "
            f"or the names {', '.join(self.names[:SHOWN])}{more}"
        )

    def save(self, path: str | Path) -> None:
        """Save names and codes to a ``.safetensors`` file, atomically.

        Raises:
            StyleError: it can't be written.
        """
        FILE.write(path, {CODES: self.codes}, "\n".join(self.names))

    @classmethod
    def load(cls, path: str | Path) -> "Exemplars":
        """Load a file that `save` wrote.

        Raises:
            StyleError: the file can't be read, or does not hold exemplars.
        """
        tensors, names = FILE.read(path)
        if list(tensors) != [CODES]:
            raise FILE.foreign(path)
        return cls(names.splitlines(), tensors[CODES])

    @classmethod
    def from_table(cls, table: dict[str, Tensor], where: str) -> "Exemplars":
        """From the codes ``[1, L, D]`` of a file, by their names.

        Args:
            where: the file, for messages.

        Raises:
            StyleError: the codes differ in shape, or are none.
        """
        shapes = {tuple(code.shape) for code in table.values()}
        if len(shapes) != 1 or not (len(shape := shapes.pop()) == 3 and shape[0] == 1):
            raise StyleError(f"{where}: holds arrays that are no style codes of one shape [1, L, D]; download the file again")
        return cls(tuple(table), torch.cat(list(table.values())).float())


class ExemplarTable(nn.Module):
    """Exemplars as a part of a checkpoint, beside the generator that was trained with them.

    Attributes:
        codes: ``[E, L, D]``.
    """

    codes: Tensor

    def __init__(self, config: ExemplarsConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("codes", torch.zeros(len(config.names.splitlines()), config.num_layers, config.z_dim))

    @classmethod
    def of(cls, exemplars: Exemplars) -> "ExemplarTable":
        """The exemplars' table, on the CPU."""
        _, rows, dim = exemplars.codes.shape
        table = cls(ExemplarsConfig(names="\n".join(exemplars), num_layers=rows, z_dim=dim))
        table.codes.copy_(exemplars.codes)
        return table.eval()

    @property
    def exemplars(self) -> Exemplars:
        """Names and codes.

        Raises:
            StyleError: two names are alike.
        """
        return Exemplars(self.config.names.splitlines(), self.codes)
