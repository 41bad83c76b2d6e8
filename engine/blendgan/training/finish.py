"""What is kept of a training: checkpoints that `load` reads, and `blend_style` and the nodes use."""

from copy import deepcopy
from typing import TypeVar

from torch import nn

from ...checkpoints import Checkpoint
from ..encoder import StyleEncoder
from .style_task import SimCLRTask
from .task import BlendTask

__all__ = ["blend_checkpoint", "style_encoder_checkpoint"]

Network = TypeVar("Network", bound=nn.Module)


def style_encoder_checkpoint(task: SimCLRTask) -> Checkpoint:
    """The trained style encoder alone."""
    return Checkpoint(
        architecture="blendgan",
        style_encoder=_still(task.result()),
        options={"training": dict(task.config)},
        source="a training on pictures",
    )


def blend_checkpoint(
    task: BlendTask,
    style_encoder: StyleEncoder,
    *,
    start: Checkpoint | None = None,
    encoder: nn.Module | None = None,
    discriminators: bool = True,
) -> Checkpoint:
    """The trained generator with the encoders that belong to it.

    Args:
        style_encoder: that the task's codes come from.
        start: what the generator was trained from, whose licence stays.
        encoder: of faces, to the generator's w+.
        discriminators: keep them too; fine-tuning to a new style needs them.
    """
    return Checkpoint(
        architecture="blendgan",
        generator=_still(task.result()),
        discriminator=_still(task.critics) if discriminators else None,
        encoder=None if encoder is None else _still(encoder),
        style_encoder=_still(style_encoder),
        options={"training": dict(task.config)},
        source="a training on pictures" if start is None else start.source,
        license="" if start is None else start.license,
    )


def _still(module: Network) -> Network:
    """A copy on the CPU, in evaluation mode, frozen."""
    return deepcopy(module).cpu().eval().requires_grad_(False)
