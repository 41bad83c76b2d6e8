"""FIR filters: files repeat the same small kernel in dozens of buffers; our modules store its taps once."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...errors import CheckpointError
from ...stylegan2.config import RESAMPLE_FILTER

__all__ = ["taps_of"]

TOLERANCE = 1e-3
MOST_TAPS = 32


def taps_of(kernels: Mapping[str, Tensor], gain: float, where: str) -> tuple[float, ...]:
    """The taps whose outer product equals every kernel; the published taps if there is no kernel.

    Args:
        kernels: ``[k, k]``, by name.
        gain: the sum of each kernel.
        where: the file, for messages.

    Raises:
        CheckpointError: a kernel is not separable, has another sum, or differs from the others.
    """
    taps = torch.tensor(RESAMPLE_FILTER, dtype=torch.float64)
    taps /= taps.sum()
    for index, (name, kernel) in enumerate(kernels.items()):
        found = _taps(kernel, gain, f"{where}: its filter {name}")
        if index == 0:
            taps = found
        if len(found) != len(taps) or not torch.allclose(found, taps, rtol=0, atol=TOLERANCE):
            raise CheckpointError(f"{where}: its filter {name} differs from the first one; expected one filter everywhere")
    return _rounded(taps)


def _taps(kernel: Tensor, gain: float, where: str) -> Tensor:
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not 2 <= len(kernel) <= MOST_TAPS:
        raise CheckpointError(f"{where} has the shape {list(kernel.shape)}; expected a square of 2 to {MOST_TAPS} taps")
    kernel = kernel.double() / gain
    taps = kernel.sum(dim=0)
    if not abs(float(taps.sum()) - 1) < TOLERANCE:
        raise CheckpointError(f"{where} sums up to {float(taps.sum()) * gain:.4g}; expected {gain:g}")
    if not torch.allclose(torch.outer(taps, taps), kernel, rtol=0, atol=TOLERANCE):
        raise CheckpointError(f"{where} is not the outer product of a row with itself; only such filters can be loaded")
    return taps


def _rounded(taps: Tensor) -> tuple[float, ...]:
    """The exact published taps if they are close, otherwise taps of sum 1."""
    published = torch.tensor(RESAMPLE_FILTER, dtype=torch.float64)
    if len(taps) == len(published) and torch.allclose(taps, published / published.sum(), rtol=0, atol=TOLERANCE):
        return RESAMPLE_FILTER
    return tuple(round(float(tap), 7) for tap in taps)
