"""Sizes of DualStyleGAN's networks."""

from dataclasses import dataclass

from ..stylegan2 import GeneratorConfig

__all__ = ["DualStyleConfig", "ExemplarsConfig", "SamplerConfig"]


@dataclass(frozen=True, kw_only=True)
class DualStyleConfig(GeneratorConfig):
    """Sizes of a generator with an extrinsic path.

    Attributes:
        structure_rows: the first rows of a code, which drive structure; the others drive colour.
        structure_layers: depth of the structure transform T_s.
        structure_channels: most features between the two convolutions of a ModRes block, for small files; None, as in the
            release, for as many as around it.
    """

    structure_rows: int = 7
    structure_layers: int = 2
    structure_channels: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.structure_rows % 2 == 0 or not 0 < self.structure_rows < self.num_layers:
            raise ValueError(
                f"structure_rows {self.structure_rows} is no odd number below the {self.num_layers} rows of "
                f"{self.resolution} pixels"
            )
        if self.structure_channels is not None and self.structure_channels < 1:
            raise ValueError(f"structure_channels {self.structure_channels} is below 1")

    @property
    def color_rows(self) -> int:
        """The rows that drive colour."""
        return self.num_layers - self.structure_rows


@dataclass(frozen=True, kw_only=True)
class ExemplarsConfig:
    """What a checkpoint says of the exemplars in it.

    Attributes:
        names: a line each.
        num_layers: L, rows of their codes.
        z_dim: dimensions of each row.
    """

    names: str
    num_layers: int
    z_dim: int


@dataclass(frozen=True, kw_only=True)
class SamplerConfig:
    """Sizes of the sampling network.

    Attributes:
        structure_rows, color_rows: rows of its codes.
        w_dim: dimensions of each row.
        noise_dim: dimensions of the noise that a code is made from.
        hidden: features between.
    """

    structure_rows: int = 7
    color_rows: int = 11
    w_dim: int = 512
    noise_dim: int = 128
    hidden: int = 128
