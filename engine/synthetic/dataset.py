"""A folder of rendered portraits for training, rendered once, by several processes, resumable.

The portraits are plain; or the same people in painted styles, each with another style instance; or the same people with one
group of coordinates changed.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import TrainingError
from ..files import replacing
from .coordinates import COORDINATES
from .labels import parsing_labels
from .painter import Portraits, paint
from .parameters import parameters
from .styles import STYLES, PaintedStyle
from .variations import varied

__all__ = ["Indices", "Kind", "PortraitDataset", "by_processes", "code", "render"]

Kind = Literal["plain", "styled", "varied"]
"""How a dataset shows its people; ``varied`` is `variations.varied`."""

FACTS = "portraits.json"  # written last: a folder without it is made anew
ARRAYS = ("images", "landmarks", "masks", "done")

Indices = npt.NDArray[np.int64]
BATCH = 32  # portraits between two progress reports: a GPU renders them at once, a CPU process a few at a time


def code(index: int, seed: int = 0) -> Tensor:
    """The z of one portrait, ``[D]``, on the sphere of radius sqrt(D).

    A generator's mapping network begins by normalizing z, so only the direction matters.
    """
    rng = torch.Generator().manual_seed(seed * 10_000_019 + index)
    z = torch.randn(len(COORDINATES), generator=rng)
    return z * (len(COORDINATES) / z.square().sum()).sqrt()


@dataclass(frozen=True)
class PortraitDataset:
    """Portraits on disk, read through a memory map.

    Attributes:
        images: uint8 ``[N, 3, H, W]`` sRGB.
        landmarks: float32 ``[N, 68, 2]`` x, y in pixel indices.
        masks: uint8 ``[N, H, W]``, the class of each pixel as an index of `classes.CLASSES`.
        done: bool ``[N]``: which portraits are rendered.
        seed: of the codes.
        kind: how they show their people.
    """

    images: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    masks: npt.NDArray[np.uint8]
    done: npt.NDArray[np.bool_]
    seed: int
    kind: Kind

    def __len__(self) -> int:
        return len(self.done)

    @property
    def resolution(self) -> int:
        """Side of the images in pixels."""
        return int(self.images.shape[-1])

    def ready(self) -> npt.NDArray[np.int64]:
        """Indices of the portraits that are rendered."""
        return np.flatnonzero(self.done)

    def batch(self, indices: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """z ``[N, D]``, images float32 ``[N, 3, H, W]`` in [-1, 1], landmarks ``[N, 68, 2]``."""
        z = _codes(self, indices)
        images = torch.from_numpy(self.images[indices]).float() / 127.5 - 1
        return z, images, torch.from_numpy(self.landmarks[indices])

    @staticmethod
    def open(folder: Path, *, count: int = 0, resolution: int = 256, seed: int = 0, kind: Kind = "plain") -> "PortraitDataset":
        """Open a folder, or create one for `count` portraits.

        Raises:
            TrainingError: the folder has another number, size, seed or kind of portraits, or is incomplete.
        """
        wanted = {"count": count, "resolution": resolution, "seed": seed, "kind": kind}
        facts = folder / FACTS
        if not facts.exists():
            _create(folder, wanted)
        found = json.loads(facts.read_text(encoding="utf8"))
        if count and found != wanted:
            raise TrainingError(f"{folder} holds other portraits ({found}), expected {wanted}: choose another folder")
        try:
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in ARRAYS}
        except OSError as error:
            raise TrainingError(f"{folder} is incomplete ({error}): delete it to render its portraits again") from error
        return PortraitDataset(**arrays, seed=found["seed"], kind=found["kind"])


def _create(folder: Path, facts: dict[str, Any]) -> None:
    if not facts["count"]:
        raise TrainingError(f"there are no portraits in {folder}: render some first")
    folder.mkdir(parents=True, exist_ok=True)
    side, count = facts["resolution"], facts["count"]
    np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (count, 3, side, side)).flush()
    np.lib.format.open_memmap(folder / "masks.npy", "w+", np.uint8, (count, side, side)).flush()
    np.lib.format.open_memmap(folder / "landmarks.npy", "w+", np.float32, (count, 68, 2)).flush()
    np.lib.format.open_memmap(folder / "done.npy", "w+", np.bool_, (count,)).flush()
    with replacing(folder / FACTS, TrainingError) as beside:
        beside.write_text(json.dumps(facts), encoding="utf8")


def render(
    folder: Path,
    *,
    count: int,
    resolution: int,
    seed: int,
    workers: int,
    progress: Callable[[int], None],
    device: torch.device | None = None,
    kind: Kind = "plain",
    first: int = 0,
) -> PortraitDataset:
    """Render the missing portraits.

    Args:
        folder: folder of the portraits; existing ones are kept.
        count, resolution, seed: as for `PortraitDataset.open`.
        workers: processes that render on the CPU; each uses one core.
        progress: called with the number of finished portraits.
        device: a GPU renders portraits in this process, many at once; painted styles always use the CPU.
        kind: ``styled`` draws each portrait in a painted style; the styles take turns. The manner depends on the index alone,
            so that two seeds give two people in each.
        first: portraits before this index are left out.
    """
    dataset = PortraitDataset.open(folder, count=count, resolution=resolution, seed=seed, kind=kind)
    missing = first + np.flatnonzero(~dataset.done[first:])
    ready = count - len(missing)
    progress(ready)
    on_gpu = device is not None and device.type != "cpu" and kind != "styled"
    parts = _on_device(dataset, missing, device) if on_gpu and device else by_processes(_Painter(folder), missing, workers)
    for painted in parts:
        ready += painted
        progress(ready)
    return dataset


def _on_device(dataset: PortraitDataset, missing: Indices, device: torch.device) -> Iterator[int]:
    """Render in this process; yields the number of portraits after each batch."""
    for indices in _batches(missing, BATCH):
        _store(dataset, indices, paint(parameters(_codes(dataset, indices).to(device)), dataset.resolution))
        yield len(indices)


def _batches(missing: Indices, size: int) -> list[Indices]:
    return np.array_split(missing, ceil(len(missing) / size)) if len(missing) else []


def _codes(dataset: PortraitDataset, indices: Indices) -> Tensor:
    codes = [code(int(index), dataset.seed) for index in indices]
    if dataset.kind == "varied":
        codes = [varied(z, int(index), dataset.seed) for z, index in zip(codes, indices, strict=True)]
    return torch.stack(codes)


def by_processes(painter: Callable[[Indices], int], missing: Indices, workers: int, size: int = BATCH) -> Iterator[int]:
    """Have processes of one core each paint what is missing; yields the number painted after each part.

    Args:
        painter: paints some and returns their number; it is sent to the processes.
        size: of a part, at most.
    """
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        yield from pool.map(painter, _batches(missing, min(size, ceil(len(missing) / workers) or 1)))


def _store(dataset: PortraitDataset, indices: Indices, portraits: Portraits) -> None:
    dataset.images[indices] = ((portraits.images + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy()
    dataset.landmarks[indices] = portraits.landmarks.cpu().numpy()
    dataset.masks[indices] = parsing_labels(portraits.layers, portraits.landmarks).cpu().numpy()
    dataset.done[indices] = True


@dataclass(frozen=True)
class _Painter:
    """The work of one worker process."""

    folder: Path

    def __call__(self, indices: Indices) -> int:
        dataset = PortraitDataset.open(self.folder)
        if dataset.kind != "styled":
            _store(dataset, indices, paint(parameters(_codes(dataset, indices)), dataset.resolution))
            return len(indices)
        for index in indices:
            style = PaintedStyle(sorted(STYLES)[index % len(STYLES)], int(index))
            _store(dataset, np.array([index]), style(parameters(code(int(index), dataset.seed)[None]), dataset.resolution))
        return len(indices)
