"""Sizes of BlendGAN's networks, as read from a checkpoint or chosen for training."""

from dataclasses import dataclass
from typing import Literal

from ..losses.perceptual_net import PerceptualConfig
from ..losses.vgg import WIDTHS
from ..stylegan2 import DiscriminatorConfig, GeneratorConfig

__all__ = ["BlendConfig", "ProjectionConfig", "StyleEncoderConfig"]

DEEPEST = 32  # layers of a mapping network


@dataclass(frozen=True, kw_only=True)
class BlendConfig(GeneratorConfig):
    """Sizes of a generator that blends two codes.

    Attributes:
        code_dim: dimensions of a style code.
        code_layers: depth of the network that maps style codes to w.
    """

    code_dim: int = 512
    code_layers: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.code_layers <= DEEPEST:
            raise ValueError(f"style codes are mapped by {self.code_layers} layers: 1 to {DEEPEST} are possible")


@dataclass(frozen=True, kw_only=True)
class ProjectionConfig(DiscriminatorConfig):
    """Sizes of a discriminator that sees a style code beside the image.

    Attributes:
        code_dim: dimensions of the style code.
    """

    code_dim: int = 512


@dataclass(frozen=True, kw_only=True)
class StyleEncoderConfig:
    """Sizes of a style encoder.

    Attributes:
        backbone: what the Gram matrices are made of: features of VGG19, or of a small network of our own.
        widths: channels of the backbone's blocks, of which VGG19 has five.
        side: that pictures are brought to, in pixels.
        code_dim: dimensions of the style code, and of the layers before it.
        code_layers: fully connected layers from the Gram matrices to the code.
    """

    backbone: Literal["vgg19", "compact"] = "vgg19"
    widths: tuple[int, ...] = WIDTHS
    side: int = 256
    code_dim: int = 512
    code_layers: int = 4

    def __post_init__(self) -> None:
        if self.backbone == "vgg19" and len(self.widths) != len(WIDTHS):
            raise ValueError(f"VGG19 has {len(WIDTHS)} blocks, and {len(self.widths)} widths were given")
        if not self.widths or self.side < 2 ** len(self.widths):
            raise ValueError(f"{len(self.widths)} widths were given, and each block halves {self.side} pixels")
        if not 2 <= self.code_layers <= DEEPEST:
            raise ValueError(f"Gram matrices are mapped by {self.code_layers} layers: 2 to {DEEPEST} are possible")

    @classmethod
    def compact(cls, *, code_dim: int = 128, code_layers: int = 4) -> "StyleEncoderConfig":
        """A hundredth of the published size: the blocks of `PerceptualNet`, near the side that it learned at."""
        widths = PerceptualConfig().widths
        return cls(backbone="compact", widths=widths, side=128, code_dim=code_dim, code_layers=code_layers)

    @property
    def gram_dim(self) -> int:
        """Entries of all Gram matrices together; in a compact encoder without the mirrored ones."""
        if self.backbone == "compact":
            return sum(width * (width + 1) // 2 for width in self.widths)
        return sum(width**2 for width in self.widths)
