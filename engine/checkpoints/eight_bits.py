"""Weights in 8 bits: whole numbers from -127 to 127, and a float32 scale for each output channel.

The scale is the channel's largest absolute value over 127, so that rounding moves a weight by at most half of it. Such a
tensor lies in a file as two: NAME in int8, and NAME.scale, ``[channels]``.
"""

import torch
from torch import Tensor, nn

from ..errors import CheckpointError

__all__ = ["SCALE", "channel_shape", "in_eight_bits", "scalable"]

SCALE = ".scale"  # end of the name of a tensor's scales
LARGEST = 127
SMALL = 2048  # elements; the scales and the header's lines of a smaller tensor weigh as much as the bytes that are saved


def scalable(module: nn.Module) -> set[str]:
    """Names of the parameters that are stored in 8 bits: large ones, with output channels. Never buffers."""
    return {name for name, value in module.named_parameters() if value.numel() >= SMALL and value.squeeze().ndim > 1}


def channel_shape(shape: torch.Size) -> list[int]:
    """The shape of a tensor's scales so that they can be multiplied with it: 1, but for the output channels.

    Those are the first axis that is longer than 1: ``[out, in]``, ``[1, out, in, k, k]``.
    """
    channels = next((axis for axis, side in enumerate(shape) if side > 1), None)
    return [side if axis == channels else 1 for axis, side in enumerate(shape)]


def in_eight_bits(tensor: Tensor, where: str) -> tuple[Tensor, Tensor]:
    """Round a tensor to int8.

    Args:
        tensor: floating-point, any shape.
        where: it is, for the message.

    Returns:
        Whole numbers of the same shape, and float32 scales ``[channels]``.

    Raises:
        CheckpointError: it holds numbers that are not finite.
    """
    values = tensor.detach().float().cpu()
    if not bool(values.isfinite().all()):
        raise CheckpointError(f"{where} holds numbers that are not finite; save it as float32")
    wanted = channel_shape(values.shape)
    scale = values.abs().amax([axis for axis, side in enumerate(wanted) if side == 1], keepdim=True) / LARGEST
    steps = values / torch.where(scale > 0, scale, 1)
    return steps.round().clamp(-LARGEST, LARGEST).to(torch.int8).contiguous(), scale.flatten()
