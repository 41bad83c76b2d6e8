"""Preparation of networks for autograd."""

from copy import deepcopy
from itertools import chain
from typing import TypeVar

import torch
from torch import nn

__all__ = ["outside_inference"]

Network = TypeVar("Network", bound=nn.Module)


def outside_inference(network: Network, device: torch.device | None = None) -> Network:
    """Return the network, or a copy if its tensors were created in inference mode, which autograd can't save.

    Call it outside of inference mode.

    Args:
        device: the device that the network is needed on; a network on another device is copied.
    """
    tensors = list(chain(network.parameters(), network.buffers()))
    elsewhere = device is not None and any(tensor.device != device for tensor in tensors)
    if elsewhere or any(tensor.is_inference() for tensor in tensors):
        return deepcopy(network).to(device)
    return network
