"""People painted in one manner: the exemplars of AgileGAN's transfer, sorted into a folder for each attribute.

    folder/female/000261.png   folder/male/000262.png

A picture is named by the index of its person (`synthetic.dataset.code`), so its z is known.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from ..images import write
from ..synthetic.attributes import attributes
from ..synthetic.dataset import code
from ..synthetic.parameters import parameters
from ..synthetic.styles import PaintedStyle
from ..training.data import PictureDataset
from ..training.sources import FolderSource

__all__ = ["ATTRIBUTES", "attribute_of", "paint_people", "people_of"]

ATTRIBUTES = ("female", "male")
BATCH = 8  # people between two progress reports


def attribute_of(z: Tensor) -> list[str]:
    """One of `ATTRIBUTES` for each z ``[N, D]``: the painter's coordinate "masculine" says it."""
    return [ATTRIBUTES[int(masculine)] for masculine in attributes(parameters(z)).masculine.tolist()]


def paint_people(
    folder: Path,
    style: PaintedStyle,
    people: Sequence[int],
    resolution: int,
    *,
    seed: int,
    workers: int,
    progress: Callable[[int], None],
) -> dict[str, PictureDataset]:
    """Paint the people who are missing in a folder.

    Args:
        folder: gets a folder for each attribute; its pictures are kept.
        style: the manner.
        people: their indices.
        resolution: side of the pictures in pixels.
        seed: of the codes.
        workers: processes that paint; each uses one core.
        progress: called with the number of finished pictures.

    Returns:
        the pictures of `people` by attribute, in the order of `ATTRIBUTES`.
    """
    wanted = _files_of(folder, people, seed)
    missing = [index for index, path in wanted.items() if not path.exists()]
    ready = len(people) - len(missing)
    progress(ready)
    if missing:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
            parts = [missing[first : first + BATCH] for first in range(0, len(missing), BATCH)]
            for count in pool.map(_Painter(folder, style.name, style.seed, resolution, seed), parts):
                ready += count
                progress(ready)
    names = {path.relative_to(folder).as_posix() for path in wanted.values()}
    every = PictureDataset(FolderSource(folder), resolution)
    chosen = every.subset(number for number, name in enumerate(every.names) if name in names)
    return {attribute: _within(chosen, attribute) for attribute in ATTRIBUTES}


def people_of(pictures: PictureDataset) -> list[int]:
    """The indices of the people in pictures that `paint_people` gave."""
    return [int(PurePosixPath(name).stem) for name in pictures.names]


def _within(pictures: PictureDataset, attribute: str) -> PictureDataset:
    return pictures.subset(number for number, name in enumerate(pictures.names) if name.startswith(f"{attribute}/"))


def _files_of(folder: Path, people: Sequence[int], seed: int) -> dict[int, Path]:
    """The file of each person."""
    found = attribute_of(torch.stack([code(index, seed) for index in people]))
    return {index: folder / name / f"{index:06d}.png" for index, name in zip(people, found, strict=True)}


def _one_thread() -> None:
    torch.set_num_threads(1)


@dataclass(frozen=True)
class _Painter:
    """The work of one worker process."""

    folder: Path
    style: str
    style_seed: int
    resolution: int
    seed: int

    def __call__(self, people: Sequence[int]) -> int:
        style = PaintedStyle(self.style, self.style_seed)
        for index, path in _files_of(self.folder, people, self.seed).items():
            write(style(parameters(code(index, self.seed)[None]), self.resolution).images, path)
        return len(people)
