"""The extrinsic style path: what an exemplar's code does to the layers of a face generator.

    structure  rows 0 to 6:   T_s (two layers of a mapping network), then a ModRes block after each convolution
    colour     rows 7 to 17:  a linear T_c for each row, whose result takes the place of the face's w

All of this depends on the style alone. `Extrinsic.bind` computes it once; a `BoundStyle` then serves every image.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import torch
from torch import Tensor, nn

from ..stylegan2.layers import EqualLinear, normalize_2nd_moment
from ..stylegan2.stage import Stage
from .config import DualStyleConfig
from .residual import Affine, ModRes

__all__ = ["BoundStyle", "Extrinsic"]


@dataclass(frozen=True, kw_only=True)
class Residual:
    """A ModRes block with its style.

    Attributes:
        block: after which nothing else happens to the features.
        affines: of its two normalisations.
        weight: how much of it, not 0.
    """

    block: ModRes
    affines: tuple[Affine, Affine]
    weight: float

    def __call__(self, x: Tensor) -> Tensor:
        """Features with the structure added."""
        return self.block(x, self.affines, self.weight)  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class StructuredStage(Stage):
    """A resolution whose convolutions are followed by ModRes blocks.

    Attributes:
        residuals: for each of `convs`, or None.
    """

    residuals: Sequence[Residual | None]

    def _whole(self, x: Tensor, rgb: Tensor | None) -> tuple[Tensor, Tensor]:
        layers = zip(self.convs, self.styles, self.noise, self.residuals, strict=True)
        for conv, style, noise, residual in layers:
            x = conv(x, style, noise)
            x = x if residual is None else residual(x)
        return x, self.to_rgb(x, self.rgb_style, rgb)

    def _too_large(self, _x: Tensor) -> bool:
        """Never cut into strips: normalisation needs the statistics of the whole."""
        return False


@dataclass(frozen=True, kw_only=True)
class BoundStyle:
    """A style and how much of it, ready for any number of images.

    Attributes:
        residuals: for each structure row, or None where its weight is 0.
        colors: ``[N or 1, rows, D]``, what T_c makes of the colour rows.
        amounts: how much of each colour row.
    """

    residuals: Sequence[Residual | None]
    colors: Tensor
    amounts: Sequence[float]

    @property
    def kept(self) -> Tensor:
        """How much of the face each row of w+ keeps, ``[L]``: all in structure rows."""
        return torch.tensor([1.0] * len(self.residuals) + [1 - amount for amount in self.amounts])

    def recolor(self, w_plus: Tensor) -> Tensor:
        """The w+ of faces ``[N, L, D]`` with their colour rows moved to the style's."""
        split = len(self.residuals)
        amounts = torch.tensor(self.amounts, dtype=w_plus.dtype, device=w_plus.device)[:, None]
        colors = self.colors.to(w_plus)
        # as a weighted sum, which gives both ends exactly
        mixed = amounts * colors + (1 - amounts) * w_plus[:, split:]
        return torch.cat([w_plus[:, :split], mixed], dim=1)

    def into(self, stages: Sequence[Stage]) -> list[Stage]:
        """The stages of a call, with this style's structure in them."""
        residuals = iter(self.residuals)
        bound = []
        for stage in stages:
            own = [next(residuals, None) for _ in stage.convs]
            bound.append(StructuredStage(**vars(stage), residuals=own) if any(own) else stage)
        return bound

    def with_colors(self, colors: Tensor) -> "BoundStyle":
        """The same structure with other colours."""
        return replace(self, colors=colors)


class Extrinsic(nn.Module):
    """The modules of the extrinsic path, in the names of the release."""

    def __init__(self, config: DualStyleConfig) -> None:
        super().__init__()
        self.structure_rows = config.structure_rows
        layers = [EqualLinear(config.w_dim, config.w_dim, lr_mul=0.01, activate=True) for _ in range(config.structure_layers)]
        self.style = nn.ModuleList([nn.Identity(), *layers])
        # The convolution of row r: one at 4 x 4, then two for each side.
        sides = [2 ** (2 + (row + 1) // 2) for row in range(config.structure_rows)]
        blocks = [ModRes(config.channels[side], config.w_dim, config.structure_channels) for side in sides]
        self.res = nn.ModuleList([*blocks, *(_near_identity(config.w_dim) for _ in range(config.color_rows))])

    def structure(self, exstyle: Tensor) -> Tensor:
        """T_s: mapped rows ``[..., D]`` to structure codes."""
        code = normalize_2nd_moment(exstyle)
        for layer in self.style[1:]:
            code = layer(code)
        return code

    def colors(self, rows: Tensor) -> Tensor:
        """T_c: mapped colour rows ``[N, rows, D]`` to rows of w+."""
        transforms = zip(self.res[self.structure_rows :], rows.float().unbind(1), strict=True)
        with torch.autocast(rows.device.type, enabled=False):
            return torch.stack([transform(row) for transform, row in transforms], dim=1)

    def bind(self, exstyle: Tensor, weights: Sequence[float]) -> BoundStyle:
        """What is the same for every image.

        Args:
            exstyle: mapped code of the style, ``[N or 1, L, D]``.
            weights: how much of it in each row.
        """
        split = self.structure_rows
        with torch.autocast(exstyle.device.type, enabled=False):
            codes = self.structure(exstyle[:, :split].float())
            residuals = [
                Residual(block=block, affines=block.affines(code), weight=weight) if weight else None  # type: ignore[arg-type,operator]
                for block, code, weight in zip(self.res[:split], codes.unbind(1), weights[:split], strict=True)
            ]
            return BoundStyle(residuals=residuals, colors=self.colors(exstyle[:, split:]), amounts=weights[split:])


def _near_identity(w_dim: int) -> EqualLinear:
    """T_c as training begins: the identity and a little noise."""
    transform = EqualLinear(w_dim, w_dim)
    with torch.no_grad():
        transform.weight.mul_(0.01).add_(sqrt(w_dim) * torch.eye(w_dim))
    return transform
