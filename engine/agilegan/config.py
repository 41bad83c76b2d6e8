"""Sizes of an AgileGAN generator."""

from dataclasses import dataclass, fields

from ..stylegan2 import GeneratorConfig
from ..stylegan2.config import resolutions

__all__ = ["AgileConfig"]


@dataclass(frozen=True, kw_only=True)
class AgileConfig(GeneratorConfig):
    """Sizes of a generator with a path for each attribute.

    Attributes:
        attributes: a name for each path; there may be any number of them.
        split: the last resolution of which every path has blocks of its own.
    """

    attributes: tuple[str, ...] = ("female", "male")
    split: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.split not in resolutions(self.resolution)[1:]:
            raise ValueError(f"split {self.split} is not a power of two from 8 to the resolution {self.resolution}")
        if not self.attributes or len(set(self.attributes)) != len(self.attributes):
            raise ValueError(f"the attributes {self.attributes} are not distinct names")

    @property
    def own_stages(self) -> int:
        """How many resolutions every path has of its own: those from 8 to `split`."""
        return len(resolutions(self.split)) - 1

    @property
    def path(self) -> GeneratorConfig:
        """Sizes of one path alone, which is a plain StyleGAN2."""
        return GeneratorConfig(**{field.name: getattr(self, field.name) for field in fields(GeneratorConfig)})
