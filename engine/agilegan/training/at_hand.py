"""The transfer for pictures that are in memory, as ComfyUI has them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ...checkpoints import Checkpoint
from ...errors import TrainingError
from ...images import resize, write
from ...progress import Progress, silent
from ...stylegan2.training.snapshots import training_key
from ...training.data import PictureDataset
from ...training.sources import FolderSource
from .attributes import LEAST
from .config import AgileTransfer
from .snapshots import Snapshots, stop_sheet
from .structure import Structure
from .transfer import SNAPSHOTS, agile_task, schedule_of, stylized, train_agile

__all__ = ["transfer_to"]


def transfer_to(
    base: Checkpoint,
    pictures: Mapping[str, Tensor],
    settings: AgileTransfer,
    *,
    folder: Path,
    structure: Structure | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: Progress = silent,
) -> tuple[Checkpoint, Tensor]:
    """Transfer a generator to pictures, or go on with what was trained before with the same inputs.

    Args:
        base: a StyleGAN2 with its discriminator.
        pictures: aligned exemplars ``[N, 3, H, W]`` in [-1, 1], by attribute.
        settings: with more iterations, a training goes on; at a snapshot of it, nothing is trained.
        folder: for the trainings, each in a folder of its own.
        structure, seed, device, progress: as for `agile_task` and `train_agile`.

    Returns:
        the stylized checkpoint, see `stylized`; and the sheet of all stops ``[1, 3, H, W]``.

    Raises:
        TrainingError: there are too few pictures; or as `train_agile`.
    """
    few = {name: len(images) for name, images in pictures.items() if len(images) < LEAST}
    if few:
        name, count = next(iter(few.items()))
        raise TrainingError(f"there are {count} pictures of {name!r}: give at least {LEAST} aligned ones; about 100 are good")
    own = folder / training_key(base, pictures, settings.facts, seed)
    snapshots = Snapshots(own / SNAPSHOTS, base)
    if settings.iterations not in snapshots.iterations:
        folders = (own / "pictures" / str(number) for number in range(len(pictures)))  # a name may hold any sign
        data = {name: _stored(images, place, base) for (name, images), place in zip(pictures.items(), folders, strict=True)}
        task = agile_task(base, data, settings, structure=structure)
        schedule = schedule_of(settings, seed=seed, sample_images=None)
        schedule.check_groups(task.group_size)
        train_agile(task, base, folder=own, schedule=schedule, device=device, progress=progress)
    return stylized(base, snapshots.load(settings.iterations)), stop_sheet(snapshots)


def _stored(images: Tensor, folder: Path, base: Checkpoint) -> PictureDataset:
    """The pictures as files, which are decoded when a batch needs them."""
    side = base.stylegan2.resolution
    for number, image in enumerate(images.detach().cpu().split(1)):
        path = folder / f"{number:05d}.png"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write(resize(image.float(), side).clamp(-1, 1), path)
    return PictureDataset(FolderSource(folder), side)
