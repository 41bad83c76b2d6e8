"""Sizes and habits of an encoder, as read from a checkpoint or chosen for training."""

from dataclasses import dataclass

from ..latents import Space

__all__ = ["IMAGE_SIZE", "EncoderConfig"]

IMAGE_SIZE = 256  # the published encoders were trained at this side, and their heads fit no other


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """What tells one published encoder from another.

    Attributes:
        num_layers: L, rows of the code; that of the generator it was trained for.
        w_dim: dimensions of a row.
        progressive: e4e: the first head gives one w for every row, and each other head adds its difference
            to its own row. Otherwise, as in pSp, every head gives its row.
        add_average: the codes are offsets from `latent_avg`, which is added to them.
        space: what the codes are: ``"w+"``, or ``"z+"`` (DualStyleGAN).
        in_channels: of the image; 3 for RGB.
        stem: channels of the first convolution.
        widths: channels of the backbone's four stages.
    """

    num_layers: int
    w_dim: int = 512
    progressive: bool = False
    add_average: bool = True
    space: Space = "w+"
    in_channels: int = 3
    stem: int = 64
    widths: tuple[int, ...] = (64, 128, 256, 512)

    def __post_init__(self) -> None:
        if self.space not in ("w+", "z+"):
            raise ValueError(f"an encoder gives a code for each layer, in w+ or z+, and not in {self.space!r}")
        if len(self.widths) != 4:
            raise ValueError(f"the backbone has four stages, and {len(self.widths)} widths were given")
