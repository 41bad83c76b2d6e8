"""DualStyleGAN's generator (Yang et al. 2022, section 3.2), to match williamyang1991/DualStyleGAN.

The intrinsic path is an unchanged StyleGAN2, driven by a face. The extrinsic path adds the structure of a style
to the coarse layers and gives its colours to the fine ones. A style's code is z+ on the disk; here it is
mapped first, ``generator.mapping(code)``, as the released code does.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import LatentError
from ..stylegan2 import Generator, Noise
from .config import DualStyleConfig
from .extrinsic import BoundStyle, Extrinsic

__all__ = ["DualStyleGenerator"]


class DualStyleGenerator(Generator):
    """A StyleGAN2 with an extrinsic style path."""

    config: DualStyleConfig

    def __init__(self, config: DualStyleConfig) -> None:
        super().__init__(config)
        self.extrinsic = Extrinsic(config)

    def bind_style(
        self, exstyle: Tensor, weights: Sequence[float] | None = None, *, fuse_index: int | None = None
    ) -> BoundStyle:
        """What is the same for every image in a style: computed once, and then passed to `synthesis`.

        Args:
            exstyle: mapped code of the style, ``[N, L, D]`` or ``[1, L, D]``.
            weights: how much of it in each of the L rows, structure first; None for 1 in all.
            fuse_index: switches the style off in the rows above; 0 in all.

        Raises:
            LatentError: the code's shape is not this generator's.
            ValueError: another number of weights.
        """
        self._check_exstyle(exstyle)
        return self.extrinsic.bind(exstyle, self._row_weights(weights, fuse_index))

    def synthesis(
        self,
        w_plus: Tensor,
        *,
        exstyle: Tensor | BoundStyle | None = None,
        weights: Sequence[float] | None = None,
        fuse_index: int | None = None,
        offset: Tensor | None = None,
        noise: Noise = "fixed",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """w+ of faces ``[N, L, D]`` to images ``[N, 3, H, W]``; see `Generator.synthesis`.

        Args:
            exstyle: mapped code of a style, for each face or for all, or what `bind_style` made of it; None for the
                face as it is.
            weights, fuse_index: see `bind_style`; a bound style has them in it.
            offset: an edit of the faces in S space, ``[1 or N, S]``; see `Latent`. In a colour row, a style takes as much of
                it away as of the face's colours.
            noise, rng: see `noise_maps`.

        Raises:
            LatentError: a code's shape is not this generator's, or there are neither as many styles as faces nor one.
            ValueError: another number of weights, or weights for a style that is bound.
        """
        maps = self.noise_maps(noise, len(w_plus), rng)
        if exstyle is None:
            return self.render(self.styles(w_plus, offset), maps)
        if isinstance(exstyle, Tensor):
            exstyle = self.bind_style(exstyle, weights, fuse_index=fuse_index)
        elif weights is not None or fuse_index is not None:
            raise ValueError("a bound style has its weights in it: pass them to bind_style")
        self._check(w_plus)
        if len(exstyle.colors) not in (1, len(w_plus)):
            raise LatentError(f"{len(exstyle.colors)} styles were given for {len(w_plus)} faces: expected one for each, or one")
        kept = self.weighted(offset, exstyle.kept.to(w_plus.device))
        stages = self.bind(self.styles(exstyle.recolor(w_plus), kept), maps)
        return self.run(exstyle.into(stages), self.constant(len(w_plus)))[1]

    def _row_weights(self, weights: Sequence[float] | None, fuse_index: int | None) -> list[float]:
        rows = self.num_layers
        given = [1.0] * rows if weights is None else [float(weight) for weight in weights]
        if len(given) != rows:
            raise ValueError(f"{len(given)} weights were given, and this generator of {self.resolution} pixels has {rows} rows")
        last = rows if fuse_index is None else fuse_index
        return [weight if row <= last and last else 0.0 for row, weight in enumerate(given)]

    def _check_exstyle(self, exstyle: Tensor) -> None:
        wanted = [self.num_layers, self.latent_dim]
        if exstyle.ndim != 3 or list(exstyle.shape[1:]) != wanted:
            raise LatentError(
                f"this generator of {self.resolution} pixels takes style codes of the shape [N, {wanted[0]}, {wanted[1]}], "
                f"not {list(exstyle.shape)}: use the exemplars that belong to it"
            )
