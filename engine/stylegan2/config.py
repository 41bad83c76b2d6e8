"""Sizes of a StyleGAN2, as read from a checkpoint or chosen for training."""

from dataclasses import dataclass, field
from math import log2

__all__ = ["RESAMPLE_FILTER", "DiscriminatorConfig", "GeneratorConfig", "published_channels"]

RESAMPLE_FILTER = (1.0, 3.0, 3.0, 1.0)


def published_channels(resolution: int, multiplier: float = 2, base: int = 16384, most: int = 512) -> dict[int, int]:
    """The published channel table: config-f is `multiplier` 2, config-e 1.

    Returns:
        Channels for each resolution from 4 up to `resolution`.
    """
    return {side: min(int(base * multiplier) // side, most) for side in resolutions(resolution)}


def resolutions(last: int) -> list[int]:
    """4, 8, ... up to `last`."""
    return [2**power for power in range(2, int(log2(last)) + 1)]


def check_resolution(resolution: int) -> None:
    if not 8 <= resolution <= 2048 or resolution & (resolution - 1):
        raise ValueError(f"resolution {resolution} is not a power of two from 8 to 2048")


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """Sizes of a generator.

    Attributes:
        resolution: side of the image in pixels, a power of two from 8 to 2048.
        channels: feature channels for each resolution from 4 to `resolution`.
        z_dim: dimensions of z.
        w_dim: dimensions of w.
        mapping_layers: depth of the mapping network.
        resample_filter: taps of the FIR filter around every change of resolution.
        conv_clamp: bound on the activations (NVlabs mixed precision files: 256), or None.
    """

    resolution: int
    channels: dict[int, int] = field(default_factory=dict)
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 8
    resample_filter: tuple[float, ...] = RESAMPLE_FILTER
    conv_clamp: float | None = None

    def __post_init__(self) -> None:
        check_resolution(self.resolution)
        if not self.channels:
            object.__setattr__(self, "channels", published_channels(self.resolution))

    @property
    def num_layers(self) -> int:
        """L: rows of a W+ code."""
        return 2 * int(log2(self.resolution)) - 2


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """Sizes of a discriminator.

    Attributes:
        resolution: side of the image in pixels.
        channels: feature channels for each resolution from 4 to `resolution`.
        group_size: images that the minibatch standard deviation is taken over.
        resample_filter: taps of the FIR filter before every halving.
        conv_clamp: bound on the activations, or None.
    """

    resolution: int
    channels: dict[int, int] = field(default_factory=dict)
    group_size: int = 4
    resample_filter: tuple[float, ...] = RESAMPLE_FILTER
    conv_clamp: float | None = None

    def __post_init__(self) -> None:
        check_resolution(self.resolution)
        if not self.channels:
            object.__setattr__(self, "channels", published_channels(self.resolution))
