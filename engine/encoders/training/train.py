"""Training of an encoder, from settings to the trained network."""

import logging
from pathlib import Path

import torch
from torch import nn

from ...errors import TrainingError
from ...progress import Progress, silent
from ...stylegan2 import LatentGenerator
from ...training.board import Board
from ...training.data import PictureDataset
from ...training.loop import train
from ...training.schedule import Schedule
from ..arcface import ArcFace
from .build import build_encoder, start_from, start_from_arcface
from .config import EncoderTraining
from .criterion import Criterion
from .examples import Examples
from .features import Identity, Perception
from .methods import TASKS
from .task import EncoderTask

__all__ = ["encoder_task", "schedule_of", "train_encoder"]

log = logging.getLogger(__name__)


def schedule_of(settings: EncoderTraining, **changes: object) -> Schedule:
    """The schedule of a training; `changes` are other fields of `Schedule`."""
    average = settings.average_images or Schedule.average_images  # without an average, it has no meaning
    return Schedule(images=settings.images, batch=settings.batch, average_images=average, **changes)  # type: ignore[arg-type]


def encoder_task(
    generator: LatentGenerator,
    pictures: PictureDataset,
    settings: EncoderTraining,
    *,
    perception: Perception,
    identity: Identity | None = None,
    similarity: Identity | None = None,
    sources: PictureDataset | None = None,
    start: nn.Module | None = None,
    seed: int = 0,
) -> EncoderTask:
    """What `training.train` runs to train an encoder.

    Args:
        generator: that the encoder is for; it is frozen.
        pictures: aligned faces, at 256 pixels.
        settings: of the method.
        perception: of the perceptual loss.
        identity: of the identity loss. An ArcFace also gives a backbone of its kind its first weights.
        similarity: of the similarity loss, for other things than faces.
        sources: the inputs of "sketch" and "segmentation", each with the name of its picture.
        start: a trained encoder of the same kind and sizes, which is trained further.
        seed: of the initial weights.

    Raises:
        TrainingError: something that the settings need is missing or does not fit.
    """
    _check_embeddings(settings, identity, similarity)
    encoder = build_encoder(settings, generator, seed)
    if start is not None:
        start_from(encoder, start)
    elif identity is not None and isinstance(identity.network, ArcFace):
        start_from_arcface(encoder, identity.network)
    criterion = Criterion(settings, perception, identity, similarity)
    examples = Examples(settings, pictures, sources)
    return TASKS[settings.method](encoder, generator, examples, criterion, settings, seed)


def _check_embeddings(settings: EncoderTraining, identity: Identity | None, similarity: Identity | None) -> None:
    for name, found in (("identity", identity), ("similarity", similarity)):
        if getattr(settings, name) and found is None:
            raise TrainingError(f"the {name} loss has a weight of {getattr(settings, name)} and no network: give one, or set 0")


def train_encoder(
    task: EncoderTask,
    *,
    folder: Path,
    schedule: Schedule | None = None,
    device: str | torch.device = "auto",
    progress: Progress = silent,
    board: Board | None = None,
) -> nn.Module:
    """Train an encoder, from the newest saved state in `folder` if there is one.

    Args:
        task: as `encoder_task` makes it.
        folder: for states, log and samples.
        schedule: by default that of the task's settings.
        device, progress, board: as for `training.loop.train`.

    Returns:
        the trained encoder, in evaluation mode, frozen, on the CPU.

    Raises:
        TrainingError, Cancelled: as `training.loop.train`.
    """
    used = task.criterion
    log.info(
        "images are compared by %s; identities by %s",
        used.perception.name,
        ", ".join(found.name for found in used.embeddings.values() if found is not None) or "nothing",
    )
    train(task, schedule or schedule_of(task.settings), folder=folder, device=device, progress=progress, log=board)
    return task.trained.cpu().eval().requires_grad_(False)
