"""Building blocks of the small face networks, and how they are stored."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import CheckpointError
from ..files import replacing
from ..resources import demo_file_or_none

__all__ = ["Down", "Norm", "Residual", "StoredModule", "norm"]

log = logging.getLogger(__name__)

Norm = Callable[[int], nn.Module]
Stored = TypeVar("Stored", bound="StoredModule")


def norm(channels: int) -> nn.GroupNorm:
    """Group norm over 8 channels at a time."""
    return nn.GroupNorm(channels // 8, channels)


class Down(nn.Sequential):
    """3 x 3 convolution to half the side, ``[N, channels, H, W] -> [N, width, H / 2, W / 2]``."""

    def __init__(self, channels: int, width: int, norm: Norm = norm) -> None:
        super().__init__(nn.Conv2d(channels, width, 3, 2, 1, bias=False), norm(width), nn.ReLU())


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside an identity (He et al. 2016)."""

    def __init__(self, channels: int, norm: Norm = norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), norm(channels), nn.ReLU()),
            *(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), norm(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H, W] -> [N, C, H, W]
        y: Tensor = x + self.body(x)
        return torch.relu(y)


class StoredModule(nn.Module):
    """A network whose class stores it as float16 and reads it back.

    Attributes:
        kind: its name in error messages.
        file: name of the bundled file.
    """

    kind: ClassVar[str]
    file: ClassVar[str]

    @classmethod
    def bundled(cls: type[Stored], *, otherwise: str) -> Stored | None:
        """The bundled network, on the CPU; None if this installation has none, which the log says.

        Args:
            otherwise: what replaces the network, for the log.
        """
        path = demo_file_or_none(cls.file)
        if path is None:
            log.warning("this installation has no %s: %s", cls.file, otherwise)
            return None
        return cls.load(path)

    @classmethod
    def load(cls: type[Stored], path: Path) -> Stored:
        """Read a file that `save` wrote. The network is in evaluation mode, its parameters frozen and float32.

        Raises:
            CheckpointError: the file is missing, damaged, or holds something else.
        """
        network = cls()
        try:
            network.load_state_dict(load_file(path))  # copied into float32
        except (OSError, SafetensorError, RuntimeError) as error:
            raise CheckpointError(f"{path} can't be read as a {cls.kind} of Pastiche: {error}") from error
        return network.requires_grad_(False).eval()

    def save(self, path: Path) -> None:
        """Write the weights atomically, as float16.

        Raises:
            CheckpointError: the file can't be written.
        """
        with replacing(path, CheckpointError) as beside:
            save_file({name: _stored(value) for name, value in self.state_dict().items()}, beside)


def _stored(value: Tensor) -> Tensor:
    """Floating point as float16; integer counters unchanged."""
    return (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
