"""Networks that gradients can pass through."""

from copy import deepcopy
from itertools import chain
from typing import TypeVar

import torch
from torch import nn

__all__ = ["outside_inference"]

Network = TypeVar("Network", bound=nn.Module)


def outside_inference(network: Network, device: torch.device | None = None) -> Network:
    """The network itself, or a copy if its tensors were made in inference mode, which autograd may not save.

    To be called outside of inference mode.

    Args:
        device: where it is needed; a network elsewhere is copied too.
    """
    tensors = list(chain(network.parameters(), network.buffers()))
    elsewhere = device is not None and any(tensor.device != device for tensor in tensors)
    if elsewhere or any(tensor.is_inference() for tensor in tensors):
        return deepcopy(network).to(device)
    return network
