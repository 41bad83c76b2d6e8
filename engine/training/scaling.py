"""Gradients in float16, whose smallest number is 6e-8.

The mean over an image divides each pixel's share of the loss by millions, and such a gradient is 0 in float16. So the
loss is multiplied on the way in, and the gradients are divided before they are used (Micikevicius et al. 2018).
"""

import torch

from ..numerics import current_dtype

__all__ = ["loss_scaler"]


def loss_scaler(device: torch.device) -> torch.amp.GradScaler:
    """PyTorch's loss scaler; one that does nothing unless autocast is set to float16 on `device`.

    It skips a step whose gradients overflowed, and halves the factor; the first few steps of a run may be such.
    """
    return torch.amp.GradScaler(device.type, enabled=current_dtype(device) == torch.float16)
