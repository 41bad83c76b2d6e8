"""Distances between two sets of images, by the features of their images: FID and KID.

The features decide what is compared: only numbers by the same network are comparable.
"""

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ImageError, PasticheError

__all__ = ["frechet_distance", "kernel_distance", "require_torchmetrics"]

SUBSET = 1000  # features in each of the subsets over which KID is averaged
SUBSETS = 100


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Frechet distance of the Gaussians fitted to features ``[N, C]`` and ``[M, C]`` (Heusel et al. 2017, equation 6).

    Called FID where the features are Inception's. It is too large for few images, and less so for more: compare only
    numbers from the same N and M.

    Raises:
        ImageError: there are fewer than two features in a set, or their dimensions differ.
        PasticheError: torchmetrics is not installed.
    """
    _check(first, second)
    metric = _of("FrechetInceptionDistance", first.shape[1])
    metric.update(first.double(), real=True)
    metric.update(second.double(), real=False)
    return float(metric.compute())


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """Squared maximum mean discrepancy of features ``[N, C]`` and ``[M, C]`` with the kernel ``(x . y / C + 1) ** 3``.

    The unbiased estimate of Binkowski et al. 2018, called KID where the features are Inception's: 0 on average for two
    sets from one distribution, whatever N and M, so that it may be negative. Larger sets are compared in 100 random
    subsets of 1,000, always the same ones.

    Raises:
        ImageError, PasticheError: as `frechet_distance`.
    """
    _check(first, second)
    size = min(SUBSET, len(first), len(second))
    subsets = 1 if size == len(first) == len(second) else SUBSETS
    metric = _of("KernelInceptionDistance", first.shape[1], subsets=subsets, subset_size=size)
    with torch.random.fork_rng(devices=[]):  # torchmetrics draws the subsets from PyTorch's own randomness
        torch.manual_seed(0)
        metric.update(first.double(), real=True)
        metric.update(second.double(), real=False)
        return float(metric.compute()[0])


def require_torchmetrics() -> Any:
    """The module ``torchmetrics.image``.

    Raises:
        PasticheError: it is not installed.
    """
    try:
        import torchmetrics.image  # noqa: PLC0415 (an extra, and slow to import)
    except ImportError as error:
        raise PasticheError(
            'FID, KID and MS-SSIM are computed by torchmetrics, which is not installed: pip install "pastiche[metrics]"'
        ) from error
    return torchmetrics.image


class _Features(nn.Module):
    """Gives torchmetrics features where it expects a network."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.num_features = dimensions

    def forward(self, features: Tensor) -> Tensor:
        return features


def _of(metric: str, dimensions: int, **settings: int) -> Any:
    image = require_torchmetrics()
    module = getattr(image.fid if metric.startswith("Frechet") else image.kid, metric)
    return module(feature=_Features(dimensions), **settings).set_dtype(torch.float64)


def _check(first: Tensor, second: Tensor) -> None:
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ImageError(
            f"features {list(first.shape)} and {list(second.shape)} can't be compared as distributions: expected [N, C] and "
            "[M, C] of at least two images each"
        )
