"""Pictures for training: decoded when a batch needs them, in an order that a resumed training continues."""

import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import images
from ..errors import ImageError, TrainingError
from ..progress import Progress, Step, silent
from .sources import PictureSource

__all__ = ["BadPicture", "PictureDataset", "Stream"]

log = logging.getLogger(__name__)

THREADS = min(8, os.cpu_count() or 1)
SHOWN = 5  # bad pictures in a message
TALLER = 0.01  # share of its side by which an aligned picture may miss being square


@dataclass(frozen=True)
class BadPicture:
    """A picture that can't be used."""

    name: str
    problem: str

    def __str__(self) -> str:
        return self.problem if self.name in self.problem else f"{self.name}: {self.problem}"


class PictureDataset:
    """Square pictures of one size, from a source. None of them is held in memory.

    Args:
        source: of the encoded pictures.
        resolution: side in pixels that they are resized to.
        indices: of the pictures in the source that are used; all by default.
    """

    def __init__(self, source: PictureSource, resolution: int, indices: Sequence[int] | None = None) -> None:
        self.source = source
        self.resolution = resolution
        self.indices = list(range(len(source.names))) if indices is None else list(indices)

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def names(self) -> list[str]:
        """The name of each picture, as its source has it."""
        return [self.source.names[index] for index in self.indices]

    def subset(self, chosen: Iterable[int]) -> "PictureDataset":
        """The pictures of these numbers only: those of one attribute, or without those held out."""
        return PictureDataset(self.source, self.resolution, [self.indices[number] for number in chosen])

    def resized(self, resolution: int) -> "PictureDataset":
        """The same pictures at another resolution."""
        return PictureDataset(self.source, resolution, self.indices)

    def picture(self, number: int) -> Tensor:
        """One picture ``[1, 3, R, R]`` in [-1, 1].

        Raises:
            ImageError: it can't be read, or is not square; names it.
        """
        place = f"{self.source.names[self.indices[number]]} in {self.source.path}"
        try:
            found = images.read(self.source.read(self.indices[number]))
        except OSError as error:
            raise ImageError(f"{place} can't be read: {error.strerror or error}") from error
        except ImageError as error:
            raise ImageError(f"{place} {error.problem.removeprefix('this picture ')}") from error
        height, width = found.shape[-2:]
        if abs(height - width) > TALLER * max(height, width):
            raise ImageError(
                f"{place} is {width} x {height} pixels, and a square picture is expected: align the faces, or crop them"
            )
        return images.resize(found, self.resolution).clamp(-1, 1)

    def batch(self, numbers: Tensor, flips: Tensor | None = None, device: torch.device | str = "cpu") -> Tensor:
        """Pictures ``[N, 3, R, R]`` in [-1, 1], decoded now, by several threads.

        Args:
            numbers: integers ``[N]`` from 0 to the length less 1.
            flips: bool ``[N]``: which are mirrored.

        Raises:
            ImageError: as `picture`.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            found = torch.cat(list(pool.map(self.picture, numbers.tolist())))
        if flips is not None:
            found = torch.where(flips.view(-1, 1, 1, 1), found.flip(3), found)
        return found.to(device)

    def check(self, progress: Progress = silent) -> list[BadPicture]:
        """Decode every picture once. Returns those that can't be used."""
        found = []
        with ThreadPoolExecutor(THREADS) as pool:
            for number, bad in enumerate(pool.map(self._problem, range(len(self))), start=1):
                found += [] if bad is None else [bad]
                progress(Step(index=number, total=len(self)))
        return found

    def _problem(self, number: int) -> BadPicture | None:
        try:
            self.picture(number)
        except ImageError as error:
            return BadPicture(self.names[number], str(error))
        return None

    def without(self, bad: Sequence[BadPicture]) -> "PictureDataset":
        """The dataset without bad pictures, which are logged.

        Raises:
            TrainingError: nothing is left.
        """
        if not bad:
            return self
        shown = "; ".join(str(one) for one in bad[:SHOWN]) + (f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else "")
        if len(bad) >= len(self):
            raise TrainingError(f"none of the {len(self)} pictures in {self.source.path} can be used: {shown}")
        log.info("%d of %d pictures can't be used: %s", len(bad), len(self), shown)
        names = {one.name for one in bad}
        return self.subset(number for number, name in enumerate(self.names) if name not in names)


class Stream:
    """The numbers of a dataset's pictures, shuffled anew in each epoch. Its position is saved with a training.

    Args:
        length: of the dataset.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._order = torch.empty(0, dtype=torch.int64)
        self._position = 0

    def next(self, count: int, rng: torch.Generator) -> Tensor:
        """The next numbers ``[count]``, int64. Each epoch shows every picture once."""
        parts: list[Tensor] = []
        while count:
            if self._position == len(self._order):
                self._order, self._position = torch.randperm(self.length, generator=rng), 0
            part = self._order[self._position : self._position + count]
            self._position += len(part)
            count -= len(part)
            parts.append(part)
        return torch.cat(parts)

    def state_dict(self) -> dict[str, Any]:
        return {"order": self._order, "position": self._position, "length": self.length}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["length"] != self.length:
            raise TrainingError(
                f"the state of this training knows {state['length']} pictures, and there are {self.length} now: resume it with "
                "the same pictures, or train in another folder"
            )
        self._order, self._position = state["order"], state["position"]
