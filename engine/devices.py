"""Selection of devices by name."""

import torch
from torch import nn

from .errors import PasticheError

__all__ = ["device_of", "find_device"]

KINDS = ("cpu", "cuda", "mps")


def find_device(name: str | torch.device) -> torch.device:
    """The device for a name: cpu, cuda, cuda:1, mps, or "auto" for a GPU if there is one.

    Raises:
        PasticheError: this machine has no such device, or the name is of a kind that is not supported.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PasticheError(f"{name!r} is not a device: use cpu, cuda, cuda:0, mps or auto") from error
    if isinstance(name, str) and device.type not in KINDS:  # another device is the caller's own choice
        raise PasticheError(f"the device {str(name)!r} is not supported: use cpu, cuda, cuda:0, mps or auto")
    if (device.type == "cuda" and not cuda) or (device.type == "mps" and not mps):
        needed = "an NVIDIA GPU and PyTorch's CUDA build" if device.type == "cuda" else "a Mac with an Apple GPU"
        raise PasticheError(
            f"the device {str(name)!r} is not available: PyTorch finds none on this machine. Use cpu: {device.type} needs "
            f"{needed}"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise PasticheError(
            f"the device {str(name)!r} does not exist: this machine has cuda:0 to cuda:{torch.cuda.device_count() - 1}"
        )
    return device


def device_of(module: nn.Module) -> torch.device:
    """The device of a module's parameters; the CPU for a module without parameters."""
    return next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
