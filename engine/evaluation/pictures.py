"""Pictures to measure: a folder, an archive, a list, or a folder of painted portraits. They are read a few at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageError
from ..images import resize
from ..progress import Progress, Step, silent
from ..synthetic.dataset import PortraitDataset
from ..training.data import PictureDataset
from ..training.sources import open_source

__all__ = ["PairedPictures", "Pictures", "chosen", "embedded", "open_pictures"]

BATCH = 16


class Pictures(Protocol):
    """Pictures of one size by number."""

    def __len__(self) -> int: ...

    def batch(self, numbers: Tensor) -> Tensor:
        """Pictures ``[N, 3, R, R]`` in [-1, 1] of numbers ``[N]`` from 0 to the length less 1."""


@dataclass(frozen=True)
class PaintedPictures:
    """The finished portraits of a folder of painted ones."""

    dataset: PortraitDataset
    side: int

    def __len__(self) -> int:
        return len(self.dataset.ready())

    def batch(self, numbers: Tensor) -> Tensor:
        _, images, _ = self.dataset.batch(self.dataset.ready()[np.asarray(numbers)])
        return images if images.shape[-1] == self.side else resize(images, self.side).clamp(-1, 1)


def open_pictures(path: Path, side: int, *, least: int = 1) -> Pictures:
    """The pictures of a folder (with those below it), a .zip, a .txt with a path on each line, an LMDB, or a folder of painted
    portraits.

    Args:
        side: the pictures are resized to, in pixels.
        least: how many there must be.

    Raises:
        TrainingError: there is nothing of the kind, or it holds no pictures.
        ImageError: no painted portrait is finished; or there are too few pictures.
    """
    found = _open(path, side)
    if len(found) < least:
        raise ImageError(
            f"{path} holds {'one picture' if len(found) == 1 else f'{len(found)} pictures'}, and at least {least} are needed: "
            "add pictures, or give another folder"
        )
    return found


def _open(path: Path, side: int) -> Pictures:
    if not (path / "portraits.json").is_file():
        return PictureDataset(open_source(path, side), side)
    found = PaintedPictures(PortraitDataset.open(path), side)
    if not len(found):
        raise ImageError(f"{path}: none of its {len(found.dataset)} portraits is finished: paint them first")
    return found


def embedded(
    pictures: Pictures,
    embed: Callable[[Tensor], Tensor],
    *,
    count: int | None = None,
    progress: Progress = silent,
) -> Tensor:
    """Features ``[N, C]`` of the pictures, of which only a batch is in memory.

    Args:
        count: of the pictures, always the same ones; all of them if None, or if there are fewer.

    Raises:
        ImageError: a picture can't be read, or is not square; names it.
    """
    found, wanted = [], chosen(len(pictures), count)
    for part in wanted.split(BATCH):
        found.append(embed(pictures.batch(part)))
        progress(Step(index=sum(map(len, found)), total=len(wanted)))
    return torch.cat(found)


def chosen(length: int, count: int | None, seed: int = 0) -> Tensor:
    """`count` different numbers below `length` in a random order; all of them if None, or if there are fewer."""
    return torch.randperm(length, generator=torch.Generator().manual_seed(seed))[:count]


@dataclass(frozen=True)
class PairedPictures:
    """Two folders of pictures of the same people, paired by file name without the ending."""

    first: PictureDataset
    second: PictureDataset
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def open(cls, first: Path, second: Path, side: int) -> "PairedPictures":
        """Open two folders, archives or lists.

        Raises:
            TrainingError: one of them does not exist.
            ImageError: they have no name in common, or a name twice.
        """
        sets = [PictureDataset(open_source(path, side), side) for path in (first, second)]
        tables = [_by_stem(found, path) for found, path in zip(sets, (first, second), strict=True)]
        common = [stem for stem in tables[0] if stem in tables[1]]
        if not common:
            raise ImageError(
                f"no picture in {first} has the name of one in {second}: pictures are paired by their names without ending"
            )
        return cls(sets[0], sets[1], tuple((tables[0][stem], tables[1][stem]) for stem in common))

    @property
    def unpaired(self) -> int:
        """Pictures on either side without a partner."""
        return len(self.first) + len(self.second) - 2 * len(self.pairs)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of both, ``[N, 3, R, R]`` each."""
        for start in range(0, len(self.pairs), BATCH):
            left, right = torch.tensor(self.pairs[start : start + BATCH]).unbind(dim=1)
            yield self.first.batch(left), self.second.batch(right)


def _by_stem(pictures: PictureDataset, path: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, name in enumerate(pictures.names):
        stem = str(PurePosixPath(name).with_suffix(""))
        if stem in found:
            raise ImageError(f"{path} has two pictures named {stem}, and pairs are found by name: rename one")
        found[stem] = number
    return found
