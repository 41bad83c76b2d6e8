"""Preparation of networks for autograd."""

from copy import deepcopy
from itertools import chain
from typing import TypeVar

import torch
from torch import nn

from ..stylegan2 import LatentGenerator

__all__ = ["outside_inference", "trainable_copy"]

Network = TypeVar("Network", bound=nn.Module)
Trained = TypeVar("Trained", bound=LatentGenerator)


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


def trainable_copy(generator: Trained) -> Trained:
    """A copy with a trainable synthesis network and a frozen mapping network."""
    copy = deepcopy(generator).train().requires_grad_(True)
    copy.style.requires_grad_(False)
    return copy
