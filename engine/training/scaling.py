"""Gradients in float16, whose smallest number is 6e-8.

The mean over an image divides each pixel's share of the loss by millions, and such a gradient is 0 in float16. So the
loss is multiplied on the way in, and the gradients are divided before they are used (Micikevicius et al. 2018).
"""

from typing import Any

import torch

from ..numerics import current_dtype

__all__ = ["ScalerState", "loss_scaler"]


def loss_scaler(device: torch.device) -> torch.amp.GradScaler:
    """PyTorch's loss scaler; one that does nothing unless autocast is set to float16 on `device`.

    It skips a step whose gradients overflowed, and halves the factor; the first few steps of a run may be such.
    """
    return torch.amp.GradScaler(device.type, enabled=current_dtype(device) == torch.float16)


class ScalerState:
    """A loss scaler in a saved state, which may be resumed in another precision.

    A state that was saved in float32 or bfloat16 knows no factor: the scaler then keeps the one it starts with.

    Args:
        scaler: of the training.
    """

    def __init__(self, scaler: torch.amp.GradScaler) -> None:
        self._scaler = scaler

    def state_dict(self) -> dict[str, Any]:
        """The factor and its growth; nothing in a precision that needs none."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        if state:
            self._scaler.load_state_dict(state)
