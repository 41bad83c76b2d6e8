"""Sizes of BlendGAN's networks, as read from a checkpoint or chosen for training."""

from dataclasses import dataclass

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
        widths: channels of VGG19's five blocks.
        code_dim: dimensions of the style code, and of the layers before it.
        code_layers: fully connected layers from the Gram matrices to the code.
    """

    widths: tuple[int, ...] = WIDTHS
    code_dim: int = 512
    code_layers: int = 4

    def __post_init__(self) -> None:
        if len(self.widths) != len(WIDTHS):
            raise ValueError(f"VGG19 has {len(WIDTHS)} blocks, and {len(self.widths)} widths were given")
        if not 2 <= self.code_layers <= DEEPEST:
            raise ValueError(f"Gram matrices are mapped by {self.code_layers} layers: 2 to {DEEPEST} are possible")

    @property
    def gram_dim(self) -> int:
        """Entries of all Gram matrices together."""
        return sum(width**2 for width in self.widths)
