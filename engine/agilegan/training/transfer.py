"""AgileGAN's transfer, from pictures to a checkpoint."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from ...checkpoints import Checkpoint
from ...errors import TrainingError
from ...images import write
from ...losses.perceptual import find_lpips
from ...losses.perceptual_net import bundled_perceptual
from ...progress import Progress, Step, in_turn, silent
from ...stylegan2 import Discriminator
from ...stylegan2.training.snapshots import Snapshot
from ...training.board import Board
from ...training.data import PictureDataset
from ...training.loop import train
from ...training.schedule import Schedule
from ..generator import AgileGenerator
from .config import AgileTransfer
from .pairs import Pairs
from .snapshots import Snapshots, stop_sheet
from .structure import Structure
from .task import AgileTask

__all__ = [
    "SHEET",
    "SNAPSHOTS",
    "agile_task",
    "chosen_structure",
    "finished",
    "schedule_of",
    "snapshot_taker",
    "stylized",
    "train_agile",
]

log = logging.getLogger(__name__)

SNAPSHOTS, SHEET = "snapshots", "iterations.png"  # in the folder of a training


def schedule_of(settings: AgileTransfer, **changes: object) -> Schedule:
    """The schedule of a transfer; `changes` are other fields of `Schedule`."""
    values = {"sample_images": settings.snapshots * settings.batch, "log_images": 10 * settings.batch, **changes}
    return Schedule(
        images=settings.images,
        batch=settings.batch,
        average_images=settings.average_images,
        average_ramp=None,  # it starts from a trained model
        **values,  # type: ignore[arg-type]
    )


def chosen_structure(discriminator: Discriminator, folders: list[Path]) -> Structure:
    """The structural distance by the best network at hand: LPIPS, Pastiche's own, or the source's discriminator.

    Args:
        folders: where the two files of LPIPS may lie.
    """
    return Structure(find_lpips(folders) or bundled_perceptual() or discriminator)


def agile_task(
    base: Checkpoint,
    pictures: Mapping[str, PictureDataset],
    settings: AgileTransfer,
    *,
    structure: Structure | None = None,
    pairs: Mapping[str, Pairs] | None = None,
    start: AgileGenerator | None = None,
) -> AgileTask:
    """What `training.train` runs to transfer a generator.

    Args:
        base: a StyleGAN2 with its discriminator.
        pictures: aligned exemplars at the generator's resolution, by attribute; one path is made for each.
        structure: the structural distance; by the discriminator if not given.
        pairs, start: as for `AgileTask`.

    Raises:
        CheckpointError: the base holds no StyleGAN2 generator.
        TrainingError: it holds no discriminator, or something does not fit.
    """
    if base.discriminator is None:
        raise TrainingError(
            f"{base.source} holds no discriminator, and the transfer starts from one: give a checkpoint that has one "
            "(stylegan2-ffhq-config-f.pt, an NVlabs .pkl, demo)"
        )
    compared = structure or Structure(base.discriminator)
    return AgileTask(base.stylegan2, base.discriminator, pictures, compared, settings, pairs=pairs, start=start)


def train_agile(
    task: AgileTask,
    base: Checkpoint,
    *,
    folder: Path,
    schedule: Schedule | None = None,
    device: str | torch.device = "auto",
    progress: Progress = silent,
    board: Board | None = None,
) -> Checkpoint:
    """Transfer a generator, from the newest saved state in `folder` if there is one.

    Args:
        task: as `agile_task` makes it from `base`.
        folder: gets states, log and samples, ``snapshots/``, and the sheet ``iterations.png`` to pick the stop from.
        schedule: by default that of the task's settings.
        device, progress, board: as for `training.loop.train`.

    Returns:
        as `finished`.

    Raises:
        TrainingError, Cancelled: as `training.loop.train`.
    """
    both = in_turn(snapshot_taker(task, base, folder), progress)
    train(task, schedule or schedule_of(task.settings), folder=folder, device=device, progress=both, log=board)
    return finished(task, base, folder)


def snapshot_taker(task: AgileTask, base: Checkpoint, folder: Path) -> Progress:
    """What saves the generator when it is due, called after each iteration as progress is: by the main process alone."""
    log.info("structure is compared by %s; paths: %s", task.structure.name, ", ".join(task.attributes))
    snapshots, settings = Snapshots(folder / SNAPSHOTS, base), task.settings

    def take(step: Step) -> None:
        iteration = step.index // settings.batch
        if iteration % settings.snapshots == 0 or iteration == settings.iterations:
            snapshots.save(task.average, iteration, task.config)

    return take


def finished(task: AgileTask, base: Checkpoint, folder: Path) -> Checkpoint:
    """The stylized generator of the last iteration, with the encoder of `base`, on its device; see `stylized`.

    Writes the sheet ``iterations.png`` into the folder of the training.
    """
    task.to(base.stylegan2.w_avg.device)
    snapshots = Snapshots(folder / SNAPSHOTS, base)
    if snapshots.iterations:
        write(stop_sheet(snapshots, structure=task.structure), folder / SHEET)
    return stylized(base, Snapshot(generator=task.average, iteration=task.settings.iterations, training=task.config))


def stylized(base: Checkpoint, found: Snapshot[AgileGenerator]) -> Checkpoint:
    """The checkpoint of a transfer: its generator, with the encoder of the base, whose codes it takes.

    Its options say the iteration and the configuration of the training.

    Saved with the base it holds little more than what changed, and where it draws at a strength below 1, the base is there.
    """
    own = base.stylegan2
    return replace(
        base,
        architecture="agilegan",
        generator=found.generator,
        discriminator=None,
        options={**base.options, "training": dict(found.training), "iteration": found.iteration},
        source=f"{base.source}, transferred",
        base=own,
    )
