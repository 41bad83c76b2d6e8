"""The input of a painted style: one portrait's layers, and masks derived from them."""

from dataclasses import dataclass, fields
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from ..painter import Layers, Portraits, to_srgb
from ..parameters import Parameters
from .blur import blur, blur_inside

__all__ = ["Sitter", "sitter"]


@dataclass(frozen=True, kw_only=True)
class Sitter:
    """One portrait, before it is painted in a style; tensors are ``[1, C, S, S]``.

    Attributes:
        q: its parameters.
        layers: see `painter.Layers`.
        photo: the plain image, sRGB in [0, 1].
        landmarks: ``[68, 2]`` x, y in sides of the image.
    """

    q: Parameters
    layers: Layers
    photo: Tensor
    landmarks: Tensor

    @property
    def side(self) -> int:
        return self.photo.shape[-1]

    @cached_property
    def figure(self) -> Tensor:
        """Mask of everything but the background."""
        it = self.layers
        return (it.skin + it.hair + it.cloth + it.glasses).clamp(0, 1)

    @cached_property
    def locks(self) -> Tensor:
        """Mask of hair and beard, without the brows."""
        return (self.layers.hair - self.layers.brows).clamp(0, 1)

    @cached_property
    def focus(self) -> Tensor:
        """Mask of the visual focus: eyes, mouth, brows, glasses, slightly enlarged."""
        it = self.layers
        return blur(it.eyes + it.lips + it.lines + it.brows + it.glasses, 0.004).clamp(0, 1)

    @cached_property
    def flat(self) -> Tensor:
        """The unlit image, sRGB in [0, 1]."""
        return to_srgb(self.layers.color)

    @cached_property
    def light(self) -> Tensor:
        """Light on the figure, 1 channel, smoothly extended beyond its outline."""
        figure = self.figure
        inside = self.layers.shade / figure.clamp_min(0.05)
        return torch.lerp(blur_inside(inside, figure, 0.02), inside, (figure > 0.5).float()).clamp(0, 1)

    def middle(self, first: int, last: int) -> Tensor:
        """Mean of the landmarks from `first` to `last` inclusive, ``[2]``."""
        return self.landmarks[first : last + 1].mean(dim=0)


def sitter(portraits: Portraits, n: int, q: Parameters, finer: int) -> Sitter:
    """The n-th of some rendered portraits, enlarged `finer` times so that painting on it is antialiased.

    `q` holds the parameters of that portrait.
    """

    def enlarge(x: Tensor) -> Tensor:
        x = x[n : n + 1]
        return F.interpolate(x, scale_factor=finer, mode="bicubic", align_corners=False) if finer > 1 else x

    layers = {field.name: enlarge(getattr(portraits.layers, field.name)) for field in fields(Layers)}
    signed = {name: layers.pop(name) for name in ("normal", "flow", "depth")}
    return Sitter(
        q=q,
        layers=Layers(**{name: layer.clamp(0, 1) for name, layer in layers.items()}, **signed),
        photo=(enlarge(portraits.images) * 0.5 + 0.5).clamp(0, 1),
        landmarks=(portraits.landmarks[n] + 0.5) / portraits.images.shape[-1],
    )
