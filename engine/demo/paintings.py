"""Paintings for DualStyleGAN: people whose structure and colours follow two exemplars, exactly as the painter knows them.

An exemplar is a person painted in one manner of a family. What its structure rows are to do, a painting of somebody else shows:
the manner's deformation, and a share of the exemplar's proportions. What its colour rows are to do: the manner's palette
and light, and the tones of the exemplar's skin, hair and clothes. Mostly the two come from different exemplars.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import TrainingError
from ..files import replacing
from ..images import write
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import Indices, by_processes, code
from ..synthetic.parameters import parameters
from ..synthetic.styles import PaintedStyle
from .method_recipes import Manners
from .mixing import APPEARANCE

__all__ = ["PROPORTIONS", "PaintingDataset", "composed", "paint_exemplars", "paint_paintings"]

PROPORTIONS = {
    *("face_width", "jaw_width", "chin_length", "cheeks", "forehead", "head_height"),
    *("nose_length", "nose_width", "nose_tip", "nose_bridge", "eye_size", "eye_spacing", "eye_tilt"),
    *("brow_height", "brow_width", "brow_arch", "brow_tilt"),
    *("mouth_width", "lip_upper", "lip_lower", "mouth_height", "ear_size"),
}

_IS_APPEARANCE = torch.tensor([name in APPEARANCE for name in COORDINATES])
_IS_PROPORTION = torch.tensor([name in PROPORTIONS for name in COORDINATES])

FACTS, IMAGES, DONE = "paintings.json", "images.npy", "done.npy"
PART = 8  # paintings between two progress reports


def composed(person: Tensor, structure: Tensor, color: Tensor, share: float) -> Tensor:
    """z ``[N, D]`` of a person with a share of the proportions of one exemplar, and the tones and light of another.

    Args:
        person, structure, color: z ``[N, D]``.
        share: 0 for the person's own proportions, 1 for the exemplar's.
    """
    proportions = torch.lerp(person, structure, share)
    return torch.where(_IS_APPEARANCE, color, torch.where(_IS_PROPORTION, proportions, person))


@dataclass(frozen=True)
class PaintingDataset:
    """Paintings on disk, read through a memory map.

    Attributes:
        images: uint8 ``[N, 3, S, S]`` sRGB.
        done: bool ``[N]``: which are painted.
        recipe: how many, of whom and how.
        people: index of the first person that a painting may show.
        seed: of the people's codes.
    """

    images: npt.NDArray[np.uint8]
    done: npt.NDArray[np.bool_]
    recipe: Manners
    people: int
    seed: int

    def ready(self) -> Indices:
        """Numbers of the paintings that are painted."""
        return np.flatnonzero(self.done)

    def person(self, number: int) -> int:
        """Index of the person that a painting shows."""
        return self.people + number

    def exemplars(self, number: int) -> tuple[int, int]:
        """The exemplars whose structure and whose colours a painting has."""
        rng = np.random.default_rng([self.seed, number])
        structure, color = (int(found) for found in rng.integers(self.recipe.exemplars, size=2))
        return structure, structure if rng.random() < self.recipe.alike else color

    def batch(self, numbers: Tensor) -> Tensor:
        """Paintings ``[n, 3, S, S]`` in [-1, 1]."""
        return torch.from_numpy(self.images[numbers.numpy()]).float() / 127.5 - 1

    def paint(self, number: int) -> None:
        """Paint one."""
        recipe = self.recipe
        structure, color = self.exemplars(number)
        first = self.people - recipe.exemplars
        person, shape, tones = (
            code(index, self.seed)[None] for index in (self.person(number), first + structure, first + color)
        )
        manner = PaintedStyle(recipe.family, color, structure)
        picture = manner(parameters(composed(person, shape, tones, recipe.share)), recipe.side).images
        self.images[number] = ((picture[0] + 1) * 127.5).round().clamp(0, 255).byte().numpy()
        self.done[number] = True

    @staticmethod
    def open(folder: Path, recipe: Manners | None = None, *, people: int = 0, seed: int = 0) -> "PaintingDataset":
        """Open a folder, or create one for the paintings of a recipe.

        Raises:
            TrainingError: the folder holds other paintings, or none where no recipe says which.
        """
        path = folder / FACTS
        wanted = None if recipe is None else {"recipe": asdict(recipe), "people": people, "seed": seed}
        if recipe is not None and not path.exists():
            _create(folder, recipe)
            with replacing(path, TrainingError) as beside:
                beside.write_text(json.dumps(wanted), encoding="utf8")
        if not path.exists():
            raise TrainingError(f"there are no paintings in {folder}: paint some first")
        found = json.loads(path.read_text(encoding="utf8"))
        if wanted is not None and found != wanted:
            raise TrainingError(f"{folder} holds other paintings ({found}), expected {wanted}: choose another folder")
        images, done = (np.load(folder / name, mmap_mode="r+") for name in (IMAGES, DONE))
        return PaintingDataset(images, done, Manners(**found["recipe"]), found["people"], found["seed"])


def _create(folder: Path, recipe: Manners) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shape = (recipe.paintings, 3, recipe.side, recipe.side)
    np.lib.format.open_memmap(folder / IMAGES, "w+", np.uint8, shape).flush()
    np.lib.format.open_memmap(folder / DONE, "w+", np.bool_, shape[:1]).flush()


def paint_paintings(
    folder: Path, recipe: Manners, *, people: int, seed: int, workers: int, progress: Callable[[int], None]
) -> PaintingDataset:
    """Paint the missing paintings.

    Args:
        folder: of the paintings; existing ones are kept.
        people, seed: as for `PaintingDataset`.
        workers: processes, of one core each.
        progress: called with the number of finished paintings.
    """
    dataset = PaintingDataset.open(folder, recipe, people=people, seed=seed)
    missing = np.flatnonzero(~dataset.done)
    ready = recipe.paintings - len(missing)
    progress(ready)
    for painted in by_processes(_Painter(folder), missing, workers, size=PART):
        ready += painted
        progress(ready)
    return dataset


@dataclass(frozen=True)
class _Painter:
    """The work of one worker process."""

    folder: Path

    def __call__(self, numbers: Indices) -> int:
        dataset = PaintingDataset.open(self.folder)
        for number in numbers:
            dataset.paint(int(number))
        return len(numbers)


def paint_exemplars(folder: Path, recipe: Manners, *, first: int, seed: int, side: int) -> None:
    """Paint the missing exemplars: ``FAMILY-000.png`` and so on, person `first` in manner 0, the next in manner 1.

    Args:
        side: in pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(recipe.exemplars):
        path = folder / f"{recipe.family}-{number:03d}.png"
        if not path.exists():
            q = parameters(code(first + number, seed)[None])
            write(PaintedStyle(recipe.family, number)(q, side).images, path)


def cores() -> int:
    """Processes to paint with."""
    return os.cpu_count() or 1
