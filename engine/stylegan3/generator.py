"""The StyleGAN3 generator (Karras et al. 2021), equivalent to NVlabs/stylegan3.

    z -> mapping -> w -> truncate -> w+ -> Fourier features -> convolutions -> to-RGB -> image

Row 0 of w+ controls the Fourier features, row r the r-th layer after them. There is no noise and no skip connection to RGB.
Feature maps extend beyond the image, so that its borders behave like any other place under translation and rotation.
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
FULL_PRECISION = 32  # layers with a sampling rate up to this are always float32,
EARLY = 16  # and so are those up to the resolution divided by this


class Generator3(LatentGenerator):
    """A StyleGAN3 generator of any size, in configuration T or R."""

    config: Generator3Config

    def __init__(self, config: Generator3Config) -> None:
        super().__init__(config)
        self.input = FourierInput(config.channels[0], config.sizes[0], config.rates[0], config.cutoffs[0], config.w_dim)
        *shapes, last = config.shapes
        self.layers = nn.ModuleList([FilteredConv(shape, config.w_dim, config.conv_clamp) for shape in shapes])
        self.to_rgb = FilteredToRGB(last, config.w_dim, config.conv_clamp)

    def noise_maps(self, noise: Noise = "fixed", batch: int = 1, rng: torch.Generator | None = None) -> list[Tensor | None]:
        """Return an empty list: no layer has noise, so "fixed", "random" and "none" are the same.

        Raises:
            ValueError: noise maps are given, or the name is unknown.
        """
        if isinstance(noise, str):
            if noise not in ("fixed", "random", "none"):
                raise ValueError(f"noise is {noise!r}; expected 'fixed', 'random' or 'none'")
        elif len(noise):
            raise ValueError(f"got {len(noise)} noise maps; a StyleGAN3 has no noise")
        return []

    def synthesis(
        self, w_plus: Tensor, *, noise: Noise = "fixed", rng: torch.Generator | None = None, transform: Tensor | None = None
    ) -> Tensor:
        """Generate images ``[N, 3, H, W]`` from w+ ``[N, L, D]``: float32 RGB, nominally in [-1, 1], not clamped.

        Under ``torch.autocast`` the layers above a sampling rate of 32 (64 at 1024 pixels) run in its precision. Earlier
        layers, styles and demodulation stay in float32.

        Args:
            w_plus: ``[N, L, D]``.
            noise, rng: no effect; see `noise_maps`.
            transform: ``[3, 3]`` or ``[N, 3, 3]``, the inverse of the transform to apply to the image, whose sides run from
                -0.5 to 0.5. By default the checkpoint's own, the identity in published files.

        Raises:
            LatentError: the shape of the code does not match this generator.
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
