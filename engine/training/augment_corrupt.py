"""The transforms of ADA that corrupt an image: filters of frequency bands, noise, cutout (Karras et al. 2020b, B.4)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .augment import Drawn

__all__ = ["add_noise", "cut_out", "filter_bands"]

SYM2 = (-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025)
BANDS = 4
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)  # of natural images in each band, low ones first
CUTOUT = 0.5  # side of the square, in sides of the image
NOISE = 0.1


@lru_cache(maxsize=1)
def band_filters() -> Tensor:
    """Symmetric filters of `BANDS` octaves, lowest first, float64 ``[BANDS, taps]``; their sum passes everything."""
    wavelet = torch.tensor(SYM2, dtype=torch.float64)
    low = _convolve(wavelet, wavelet.flip(0)) / 2  # of half the band, without a shift of phase
    remaining, bands = torch.ones(1, dtype=torch.float64), []
    for octave in range(BANDS - 1):
        dilated = torch.zeros((len(low) - 1) * 2**octave + 1, dtype=torch.float64)
        dilated[:: 2**octave] = low
        kept = _convolve(remaining, dilated)
        bands.append(_centred(remaining, len(kept)) - kept)
        remaining = kept
    bands.append(remaining)
    return torch.stack([_centred(band, len(remaining)) for band in reversed(bands)])


def _convolve(a: Tensor, b: Tensor) -> Tensor:
    return torch.nn.functional.conv1d(a.view(1, 1, -1), b.flip(0).view(1, 1, -1), padding=len(b) - 1).flatten()


def _centred(taps: Tensor, length: int) -> Tensor:
    extra = (length - len(taps)) // 2
    return torch.nn.functional.pad(taps, (extra, extra))


def band_gains(drawn: Drawn) -> Tensor:
    """The gain of each band, float64 ``[N, BANDS]``; each change keeps the expected power of an image."""
    gains = torch.ones(len(drawn), BANDS, dtype=torch.float64)
    power = torch.tensor(POWER, dtype=torch.float64)
    for band in range(BANDS):
        chosen = drawn.chosen(f"filter_{band}", drawn.p * drawn.strengths.filter)
        change = torch.ones_like(gains)
        change[:, band] = torch.where(chosen, drawn[f"filter_{band}_by"].exp2(), 1.0)
        normal = (power * change.square()).sum(dim=1, keepdim=True).sqrt()
        gains = torch.where(chosen[:, None], gains * change / normal, gains)
    return gains


def filter_bands(images: Tensor, drawn: Drawn) -> Tensor:
    """Amplify some frequency bands of images ``[N, 3, H, W]`` and damp others."""
    gains = band_gains(drawn)
    changed = (gains != 1).any(dim=1).nonzero()[:, 0]
    if not len(changed):
        return images
    from kornia.filters import filter2d_separable  # noqa: PLC0415 (slow to import)

    where = changed.to(images.device)
    taps = (gains[changed] @ band_filters()).to(images.device, images.dtype)
    return images.index_copy(0, where, filter2d_separable(images[where], taps, taps, border_type="reflect"))


def add_noise(images: Tensor, drawn: Drawn) -> Tensor:
    """Add Gaussian noise to images ``[N, 3, H, W]``. Each image has a seed of its own, so that slices of a batch agree."""
    chosen = drawn.chosen("noise", drawn.p * drawn.strengths.noise)
    if not bool(chosen.any()):
        return images
    sigma = torch.where(chosen, NOISE * drawn["noise_by"].abs(), 0.0)
    noise = torch.zeros_like(images)
    for index in chosen.nonzero()[:, 0].tolist():
        rng = torch.Generator().manual_seed(int(drawn["seed"][index] * 2**24))  # a float32 in [0, 1) has 24 bits
        noise[index] = torch.randn(images.shape[1:], generator=rng).mul_(float(sigma[index]))
    return images + noise


def cut_out(images: Tensor, drawn: Drawn) -> Tensor:
    """Replace a square of images ``[N, 3, H, W]`` by grey."""
    chosen = drawn.chosen("cutout", drawn.p * drawn.strengths.cutout)
    if not bool(chosen.any()):
        return images
    height, width = images.shape[-2:]
    rows, columns = ((torch.arange(size, dtype=torch.float64) + 0.5) / size for size in (height, width))
    inside_x = (columns - drawn["cutout_x"][:, None]).abs() < CUTOUT / 2  # [N, W]
    inside_y = (rows - drawn["cutout_y"][:, None]).abs() < CUTOUT / 2  # [N, H]
    hidden = (chosen[:, None, None] & inside_y[:, :, None] & inside_x[:, None, :])[:, None].to(images.device)
    return images.masked_fill(hidden, 0.0)
