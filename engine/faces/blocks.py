"""What the small networks for faces are built of, and how they are kept on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import CheckpointError
from ..files import replacing

__all__ = ["Down", "Norm", "Residual", "StoredModule", "norm"]

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
    """A network that is written as float16 and read back by its class.

    Attributes:
        kind: what it is called in messages.
    """

    kind: ClassVar[str]

    @classmethod
    def load(cls: type[Stored], path: Path) -> Stored:
        """Read what `save` wrote; the network is in evaluation mode, its parameters frozen.

        Raises:
            CheckpointError: the file is missing, damaged, or holds something else.
        """
        network = cls()
        try:
            network.load_state_dict(load_file(path))  # copied into float32
        except (OSError, SafetensorError, RuntimeError) as error:
            raise CheckpointError(f"{path} is no {cls.kind} of Pastiche: {error}") from error
        return network.requires_grad_(False).eval()

    def save(self, path: Path) -> None:
        """Write the weights, whole or not at all.

        Raises:
            CheckpointError: the file can't be written.
        """
        with replacing(path, CheckpointError) as beside:
            save_file({name: _stored(value) for name, value in self.state_dict().items()}, beside)


def _stored(value: Tensor) -> Tensor:
    """Counts stay whole."""
    return (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
