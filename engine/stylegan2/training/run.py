"""From a training set to a checkpoint."""

import logging
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch

from ...checkpoints import Checkpoint
from ...errors import TrainingError
from ...progress import Progress, silent
from ...training.board import Board
from ...training.data import PictureDataset
from ...training.loop import train
from ...training.schedule import Schedule
from ..discriminator import Discriminator
from ..fingerprint import fingerprint
from ..generator import Generator
from .config import StyleGAN2Training
from .task import StyleGAN2Task

__all__ = ["finished", "new_task", "train_stylegan2"]

log = logging.getLogger(__name__)


def new_task(
    pictures: PictureDataset, config: StyleGAN2Training, *, start: Checkpoint | None = None, seed: int = 0
) -> StyleGAN2Task:
    """A training that has seen nothing.

    Args:
        start: a checkpoint to transfer from; its networks are copied, and their sizes count instead of those in `config`.
        seed: of new networks.

    Raises:
        TrainingError: the resolutions of pictures, settings and checkpoint differ.
        CheckpointError: the checkpoint holds no StyleGAN2.
    """
    if pictures.resolution != config.resolution:
        raise TrainingError(f"the pictures have {pictures.resolution} pixels, and {config.resolution} are set: use the same")
    with torch.inference_mode(False), torch.random.fork_rng([]):  # networks are drawn from PyTorch's own generator
        torch.manual_seed(seed)
        if start is None:
            if config.freeze_d:
                raise TrainingError(f"freeze_d is {config.freeze_d}, and a new discriminator knows nothing: give a checkpoint")
            generator = Generator(config.generator)
            return StyleGAN2Task(generator, Discriminator(config.discriminator), pictures, config)
        generator = deepcopy(start.stylegan2)
        if generator.resolution != config.resolution:
            raise TrainingError(
                f"{start.source} makes images of {generator.resolution} pixels, and {config.resolution} are set: train at "
                f"{generator.resolution}"
            )
        task = StyleGAN2Task(generator, _critic(start, config), pictures, config)
        task.config = {**task.config, "start": fingerprint(generator)}
        return task


def _critic(start: Checkpoint, config: StyleGAN2Training) -> Discriminator:
    """The checkpoint's discriminator; a new one if it has none."""
    if start.discriminator is not None:
        return deepcopy(start.discriminator)
    if config.freeze_d:
        raise TrainingError(
            f"{start.source} has no discriminator whose layers could be frozen: use a checkpoint that has one "
            "(stylegan2-ffhq-config-f.pt, an NVlabs .pkl), or set freeze_d to 0"
        )
    log.warning("%s has no discriminator: a new one is trained, which takes longer", start.source)
    channels = start.stylegan2.config.channels
    return Discriminator(replace(config.discriminator, channels=channels))


def train_stylegan2(
    pictures: PictureDataset,
    config: StyleGAN2Training,
    schedule: Schedule,
    *,
    folder: Path,
    start: Checkpoint | None = None,
    device: str | torch.device = "auto",
    progress: Progress = silent,
    log: Board | None = None,
) -> Checkpoint:
    """Train a StyleGAN2 on pictures, from scratch or from a checkpoint; resumed from `folder` if it holds a training.

    Args:
        folder: see `train`.
        start: as for `new_task`.

    Returns:
        a checkpoint with the moving average of the generator, and the discriminator.

    Raises:
        TrainingError, Cancelled: as `train` and `new_task`.
    """
    task = new_task(pictures, config, start=start, seed=schedule.seed)
    task.check_batch(schedule)
    train(task, schedule, folder=folder, device=device, progress=progress, log=log)
    return finished(task, start)


def finished(task: StyleGAN2Task, start: Checkpoint | None = None) -> Checkpoint:
    """The checkpoint of a training, with the mean of w measured.

    Args:
        start: that it was transferred from, whose licence stays.
    """
    generator = deepcopy(task.average).cpu().eval().requires_grad_(False)
    discriminator = deepcopy(task.discriminator).cpu().eval().requires_grad_(False)
    generator.w_avg.copy_(generator.estimate_w_avg())
    return Checkpoint(
        architecture="stylegan2",
        generator=generator,
        discriminator=discriminator,
        options={"training": dict(task.config)},
        source="a training on pictures" if start is None else start.source,
        license="" if start is None else start.license,
    )
