"""Low-pass filters with a Kaiser window (Karras et al. 2021, appendix C).

Checkpoints contain their filters, so these are for untrained generators.
"""

from math import pi

import numpy as np
import torch
from torch import Tensor

__all__ = ["jinc", "lowpass"]


def lowpass(taps: int, cutoff: float, half_width: float, rate: float) -> Tensor:
    """One axis of a separable low-pass filter, ``[taps]``, with sum 1.

    Args:
        taps: number of taps.
        cutoff: cutoff frequency, in the unit of `rate`.
        half_width: half of the transition band, in the unit of `rate`.
        rate: sampling rate.
    """
    ideal = np.sinc(2 * cutoff * _positions(taps, rate)) * _window(taps, half_width, rate)
    return torch.tensor(ideal / ideal.sum(), dtype=torch.float32)


def jinc(taps: int, cutoff: float, half_width: float, rate: float) -> Tensor:
    """A radially symmetric low-pass filter ``[taps, taps]`` with sum 1; `taps` must be even.

    Args:
        taps, cutoff, half_width, rate: as for `lowpass`.
    """
    x, window = _positions(taps, rate), _window(taps, half_width, rate)
    radius = np.hypot(*np.meshgrid(x, x))
    with torch.device("cpu"):
        bessel = torch.special.bessel_j1(torch.from_numpy(2 * pi * cutoff * radius)).numpy()
    ideal = bessel / radius * np.outer(window, window)
    return torch.tensor(ideal / ideal.sum(), dtype=torch.float32)


def _positions(taps: int, rate: float) -> np.ndarray:
    return (np.arange(taps) - (taps - 1) / 2) / rate


def _window(taps: int, half_width: float, rate: float) -> np.ndarray:
    """The Kaiser window for a transition band of this width."""
    attenuation = 2.285 * (taps - 1) * pi * (2 * half_width / (rate / 2)) + 7.95  # in decibels
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.kaiser(taps, beta)
