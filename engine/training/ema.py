"""The exponential moving average of a network: what is kept of its training."""

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

__all__ = ["update_average"]


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """``average = decay * average + (1 - decay) * model`` for parameters; buffers are copied."""
    get_ema_multi_avg_fn(decay)(list(average.parameters()), list(model.parameters()), 0)
    for kept, buffer in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(buffer)
