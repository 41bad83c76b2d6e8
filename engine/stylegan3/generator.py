"""StyleGAN3 generator (Karras et al. 2021), which must match NVlabs/stylegan3.

    z -> mapping -> w -> truncate -> w+ -> Fourier features -> convolutions -> to-RGB -> image

Row 0 of w+ drives the Fourier features, row r the r-th layer after them. There is no noise, and no
image is added up on the way. Feature maps reach beyond the image, so that its borders look like any
other place, and what w or a transform moves is moved everywhere alike.
"""

import torch
from torch import Tensor, nn

from ..stylegan2 import LatentGenerator, Noise
from ..stylegan2.layers import compute_dtype
from .config import Generator3Config
from .fourier import FourierInput
from .layer import FilteredConv, FilteredToRGB

__all__ = ["Generator3"]

OUTPUT_SCALE = 0.25
FULL_PRECISION = 32  # layers up to this sampling rate are always float32,
EARLY = 16  # and so are those up to this part of the image's side


class Generator3(LatentGenerator):
    """A StyleGAN3 generator of any size, in the configuration T or R."""

    config: Generator3Config

    def __init__(self, config: Generator3Config) -> None:
        super().__init__(config)
        self.input = FourierInput(config.channels[0], config.sizes[0], config.rates[0], config.cutoffs[0], config.w_dim)
        *shapes, last = config.shapes
        self.layers = nn.ModuleList([FilteredConv(shape, config.w_dim, config.conv_clamp) for shape in shapes])
        self.to_rgb = FilteredToRGB(last, config.w_dim, config.conv_clamp)

    def noise_maps(self, noise: Noise = "fixed", batch: int = 1, rng: torch.Generator | None = None) -> list[Tensor | None]:
        """An empty list: no layer takes noise, so that "fixed", "random" and "none" are the same.

        Raises:
            ValueError: maps are given, or there is no such noise.
        """
        if isinstance(noise, str):
            if noise not in ("fixed", "random", "none"):
                raise ValueError(f"noise {noise!r} is none of fixed, random, none or a list of maps")
        elif len(noise):
            raise ValueError(f"{len(noise)} noise maps were given, and a StyleGAN3 takes none")
        return []

    def synthesis(
        self, w_plus: Tensor, *, noise: Noise = "fixed", rng: torch.Generator | None = None, transform: Tensor | None = None
    ) -> Tensor:
        """w+ ``[N, L, D]`` to images ``[N, 3, H, W]``, RGB, nominally in [-1, 1] and not clamped, float32.

        Under ``torch.autocast`` the layers above a sampling rate of 32 (64 at 1024) run in its precision; the
        earlier ones, styles and demodulation stay in float32.

        Args:
            noise, rng: see `noise_maps`; without effect.
            transform: ``[3, 3]`` or ``[N, 3, 3]``, the inverse of what is to happen to the image, whose sides run from
                -0.5 to 0.5; the file's own (no change, in the published ones) if None.

        Raises:
            LatentError: the code's shape is not this generator's.
        """
        self._check(w_plus)
        self.noise_maps(noise, len(w_plus), rng)
        reduced = compute_dtype(self.input.weight)
        exact = max(FULL_PRECISION, self.resolution // EARLY)
        first, *rows, last = w_plus.float().unbind(dim=1)
        with torch.autocast(w_plus.device.type, enabled=False):
            x = self.input(first, transform)
            for layer, rate, w in zip(self.layers, self.config.rates[:-1], rows, strict=True):
                x = layer(x.to(torch.float32 if rate <= exact else reduced), w)
            return self.to_rgb(x, last) * OUTPUT_SCALE  # type: ignore[no-any-return]
