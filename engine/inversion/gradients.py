"""Networks that gradients can pass through."""

from copy import deepcopy
from itertools import chain
from typing import TypeVar

from torch import nn

__all__ = ["outside_inference"]

Network = TypeVar("Network", bound=nn.Module)


def outside_inference(network: Network) -> Network:
    """The network itself, or a copy if its tensors were made in inference mode, which autograd may not save.

    To be called outside of inference mode.
    """
    tensors = chain(network.parameters(), network.buffers())
    return deepcopy(network) if any(tensor.is_inference() for tensor in tensors) else network
