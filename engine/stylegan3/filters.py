"""Low-pass filters by Kaiser's method (Karras et al. 2021, appendix C).

A file holds its filters, so these are for generators that were never trained.
"""

from math import pi

import numpy as np
import torch
from torch import Tensor

__all__ = ["jinc", "lowpass"]


def lowpass(taps: int, cutoff: float, half_width: float, rate: float) -> Tensor:
    """One axis of a separable filter, ``[taps]``, of sum 1.

    Args:
        cutoff, half_width: of the passed band and of the transition band around it, in the unit of `rate`.
        rate: sampling rate.
    """
    ideal = np.sinc(2 * cutoff * _positions(taps, rate)) * _window(taps, half_width, rate)
    return torch.tensor(ideal / ideal.sum(), dtype=torch.float32)


def jinc(taps: int, cutoff: float, half_width: float, rate: float) -> Tensor:
    """A radially symmetric filter ``[taps, taps]`` of sum 1; `taps` must be even."""
    x, window = _positions(taps, rate), _window(taps, half_width, rate)
    radius = np.hypot(*np.meshgrid(x, x))
    with torch.device("cpu"):
        bessel = torch.special.bessel_j1(torch.from_numpy(2 * pi * cutoff * radius)).numpy()
    ideal = bessel / radius * np.outer(window, window)
    return torch.tensor(ideal / ideal.sum(), dtype=torch.float32)


def _positions(taps: int, rate: float) -> np.ndarray:
    return (np.arange(taps) - (taps - 1) / 2) / rate


def _window(taps: int, half_width: float, rate: float) -> np.ndarray:
    """Kaiser's window, whose transition band has the given width."""
    attenuation = 2.285 * (taps - 1) * pi * (2 * half_width / (rate / 2)) + 7.95  # decibel
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.kaiser(taps, beta)
