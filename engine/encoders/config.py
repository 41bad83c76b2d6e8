"""Sizes and habits of an encoder, as read from a checkpoint or chosen for training."""

from dataclasses import dataclass
from typing import Literal

from ..latents import Space

__all__ = ["IMAGE_SIZE", "EncoderConfig"]

IMAGE_SIZE = 256  # the published encoders were trained at this side, and their heads fit no other


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """What tells one published encoder from another.

    Attributes:
        num_layers: L, rows of the code; that of the generator it was trained for, and 1 in w.
        w_dim: dimensions of a row.
        progressive: e4e: the first head gives one w for every row, and each other head adds its difference
            to its own row. Otherwise, as in pSp, every head gives its row.
        add_average: the codes are offsets from `latent_avg`, which is added to them.
        space: what the codes are: ``"w+"``, ``"z+"`` (DualStyleGAN, AgileGAN), or ``"w"`` (one code for all layers).
        in_channels: of the image; 3 for RGB, 6 for ReStyle's pair of images.
        stem: channels of the first convolution.
        widths: channels of the backbone's four stages.
        backbone: IR-SE-50, or the ResNet-34 that ReStyle takes where there are no faces.
        pyramid: late rows are read from finer maps (pSp, e4e); otherwise all from the last one (ReStyle).
        resize: how images of another size are brought to 256 pixels: antialiased bilinear sampling, or the
            mean of the pixels covered (DualStyleGAN, BlendGAN).
    """

    num_layers: int
    w_dim: int = 512
    progressive: bool = False
    add_average: bool = True
    space: Space = "w+"
    in_channels: int = 3
    stem: int = 64
    widths: tuple[int, ...] = (64, 128, 256, 512)
    backbone: Literal["irse50", "resnet34"] = "irse50"
    pyramid: bool = True
    resize: Literal["bilinear", "area"] = "bilinear"

    def __post_init__(self) -> None:
        if self.space not in ("w", "w+", "z+"):
            raise ValueError(f"a face encoder gives codes in w, w+ or z+, and not in {self.space!r}")
        if self.space == "w" and self.num_layers != 1:
            raise ValueError(f"a code in w is one row for all layers, and {self.num_layers} rows were given: use w+ or z+")
        if len(self.widths) != 4:
            raise ValueError(f"the backbone has four stages, and {len(self.widths)} widths were given")
