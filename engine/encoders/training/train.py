"""Training of an encoder, from settings to the trained network."""

import logging
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import nn

from ...checkpoints import Checkpoint
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

__all__ = ["encoder_task", "finished", "train_encoder"]

log = logging.getLogger(__name__)

METHODS = ("blendgan", "dualstylegan")  # whose checkpoints hold a face encoder beside other parts


def encoder_task(
    generator: LatentGenerator,
    pictures: PictureDataset,
    settings: EncoderTraining,
    schedule: Schedule,
    *,
    perception: Perception,
    identity: Identity | None = None,
    similarity: Identity | None = None,
    sources: PictureDataset | None = None,
    start: nn.Module | None = None,
) -> EncoderTask:
    """What `training.train` runs to train an encoder.

    Args:
        generator: that the encoder is for; it is frozen.
        pictures: aligned faces, at 256 pixels.
        settings: of the method.
        schedule: that the training will have: its seed is that of the initial weights.
        perception: of the perceptual loss.
        identity: of the identity loss. An ArcFace also gives a backbone of its kind its first weights.
        similarity: of the similarity loss, for other things than faces.
        sources: the inputs of "sketch" and "segmentation", each with the name of its picture.
        start: a trained encoder of the same kind and sizes, which is trained further.

    Raises:
        TrainingError: something that the settings need is missing or does not fit.
    """
    _check_embeddings(settings, identity, similarity)
    encoder = build_encoder(settings, generator, schedule.seed)
    if start is not None:
        start_from(encoder, start)
    elif identity is not None and isinstance(identity.network, ArcFace):
        start_from_arcface(encoder, identity.network)
    criterion = Criterion(settings, perception, identity, similarity)
    examples = Examples(settings, pictures, sources)
    log.info("images are compared by %s", criterion.names)
    kind = TASKS[settings.method]
    return kind(encoder, generator, examples, criterion, settings, images=schedule.images, seed=schedule.seed)


def _check_embeddings(settings: EncoderTraining, identity: Identity | None, similarity: Identity | None) -> None:
    for name, found in (("identity", identity), ("similarity", similarity)):
        if getattr(settings, name) and found is None:
            raise TrainingError(f"the {name} loss has a weight of {getattr(settings, name)} and no network: give one, or set 0")


def train_encoder(
    task: EncoderTask,
    schedule: Schedule,
    *,
    folder: Path,
    device: str | torch.device = "auto",
    progress: Progress = silent,
    board: Board | None = None,
) -> nn.Module:
    """Train an encoder, from the newest saved state in `folder` if there is one.

    Args:
        task, schedule: as `encoder_task` makes and takes them.
        folder, device, progress, board: as for `training.loop.train`.

    Returns:
        the trained encoder, in evaluation mode, frozen, on the CPU.

    Raises:
        TrainingError, Cancelled: as `training.loop.train`.
    """
    train(task, schedule, folder=folder, device=device, progress=progress, log=board)
    return task.finished_encoder()


def finished(task: EncoderTask, checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint of a generator, with the trained encoder in place of its own.

    A generator of a style method keeps its architecture and its options: with the encoder it is still that method's model.

    Args:
        checkpoint: that the training's generator is from; its licence stays.
    """
    assert checkpoint.generator is not None
    facts = {**asdict(task.settings), "features": task.criterion.names}
    styled = checkpoint.architecture in METHODS
    return replace(
        checkpoint.to("cpu"),
        architecture=checkpoint.architecture if styled else task.settings.architecture,
        encoder=task.finished_encoder(),
        options={**checkpoint.options, "encoder_training": facts} if styled else {"training": facts},
    )
