"""Settings of a StyleGAN2 training, with the published presets."""

from dataclasses import dataclass

from ...errors import TrainingError
from ...training.augment import PIPELINES
from ...training.ranges import check_settings
from ...training.schedule import Schedule
from ..config import DiscriminatorConfig, GeneratorConfig, check_resolution, published_channels

__all__ = ["StyleGAN2Training", "fast", "paper"]

FULL = 25_000_000  # images of every published training from scratch
USEFUL = 5_000_000  # images after which StyleGAN2-ADA's results are useful,
TRANSFERRED = 1_000_000  # and those of a transfer


@dataclass(frozen=True, kw_only=True)
class StyleGAN2Training:
    """Settings of a StyleGAN2 training.

    Attributes:
        resolution: side of the images in pixels.
        latent_dim: dimensions of z and w.
        mapping_layers: depth of the mapping network.
        channel_multiplier: of the published channel table: 2 is config-f, 1 is config-e.
        channel_max: most channels of a layer.
        group_size: images that the minibatch standard deviation is taken over.
        lr: Adam's learning rate of both networks, before the correction for lazy regularization.
        r1: gamma, the weight of R1.
        r1_every: iterations between two steps of R1.
        path_weight: weight of the path length penalty; 0 for none.
        path_every: iterations between two steps of it.
        mixing: share of images made from two latents.
        flips: mirror half of the pictures.
        augment: pipeline of the adaptive augmentation: bgc, bgcfnc, ..., or none.
        augment_target: mean sign of the logits of real images that it steers to.
        augment_images: images seen while its p moves by 1.
        freeze_d: the first layers of the discriminator that keep their weights (FreezeD).
    """

    resolution: int
    latent_dim: int = 512
    mapping_layers: int = 8
    channel_multiplier: float = 2.0
    channel_max: int = 512
    group_size: int = 4
    lr: float = 2e-3
    r1: float = 10.0
    r1_every: int = 16
    path_weight: float = 2.0
    path_every: int = 4
    mixing: float = 0.9
    flips: bool = True
    augment: str = "none"
    augment_target: float = 0.6
    augment_images: float = 500_000.0
    freeze_d: int = 0

    def __post_init__(self) -> None:
        try:
            check_resolution(self.resolution)
        except ValueError as error:
            raise TrainingError(f"{error}: choose 256, 512 or 1024") from error
        if self.augment not in ("none", *PIPELINES):
            raise TrainingError(f"augment is {self.augment!r}: choose none or one of {', '.join(PIPELINES)}")
        check_settings(
            self,
            counts=("r1_every", "path_every", "group_size", "mapping_layers", "latent_dim", "channel_max"),
            positive=("lr", "channel_multiplier", "augment_images"),
            weights=("r1", "path_weight", "freeze_d"),
            shares=("mixing",),
        )

    @property
    def generator(self) -> GeneratorConfig:
        """Sizes of a new generator."""
        return GeneratorConfig(
            resolution=self.resolution,
            channels=self.channels,
            z_dim=self.latent_dim,
            w_dim=self.latent_dim,
            mapping_layers=self.mapping_layers,
        )

    @property
    def discriminator(self) -> DiscriminatorConfig:
        """Sizes of a new discriminator."""
        return DiscriminatorConfig(resolution=self.resolution, channels=self.channels, group_size=self.group_size)

    @property
    def channels(self) -> dict[int, int]:
        """Feature channels for each resolution."""
        return published_channels(self.resolution, self.channel_multiplier, most=self.channel_max)


def fast(resolution: int, *, transfer: bool = False) -> tuple[StyleGAN2Training, Schedule]:
    """StyleGAN2-ADA's configuration ``auto`` for one GPU, as long as useful results take.

    Args:
        transfer: the training starts from a trained model: augmentation adapts five times as fast, and the average
            follows without a ramp.
    """
    batch = max(4, min(4096 // resolution, 32))
    config = StyleGAN2Training(
        resolution=resolution,
        mapping_layers=2,
        channel_multiplier=2.0 if resolution >= 512 else 1.0,
        group_size=min(batch, 4),
        lr=2e-3 if resolution >= 1024 else 2.5e-3,
        r1=0.0002 * resolution**2 / batch,
        augment="bgc",
        augment_images=100_000 if transfer else 500_000,
    )
    schedule = Schedule(
        images=TRANSFERRED if transfer else USEFUL,
        batch=batch,
        average_images=batch * 10_000 / 32,
        average_ramp=None if transfer else 0.05,
    )
    return config, schedule


def paper(resolution: int, *, transfer: bool = False) -> tuple[StyleGAN2Training, Schedule]:
    """The configuration F of the StyleGAN2 paper: no adaptive augmentation, for tens of thousands of pictures.

    Args:
        transfer: the training starts from a trained model, and takes fewer images.
    """
    schedule = Schedule(
        images=TRANSFERRED if transfer else FULL,
        batch=32,
        average_images=10_000,
        average_ramp=None,
    )
    return StyleGAN2Training(resolution=resolution), schedule
