"""Distances between two sets of images, by the features of their images: FID and KID.

The features decide what is compared: only numbers by the same network are comparable.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from math import nan
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ImageError, PasticheError
from .estimate import Estimate

__all__ = ["frechet_distance", "kernel_distance", "torchmetrics_of", "with_error"]

SUBSET = 1000  # features in each of the subsets over which KID is averaged
SUBSETS = 100
GROUPS = 10  # of images, each of which is left out once to see how far a distance depends on it


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Frechet distance of the Gaussians fitted to features ``[N, C]`` and ``[M, C]`` (Heusel et al. 2017, equation 6).

    Called FID where the features are Inception's. It is too large for few images, and less so for more: compare only
    numbers from the same N and M.

    Raises:
        ImageError: there are fewer than two features in a set, or their dimensions differ.
        PasticheError: torchmetrics is not installed.
    """
    _check(first, second)
    metric = torchmetrics_of("fid").FrechetInceptionDistance(_Features(first.shape[1])).set_dtype(torch.float64)
    metric.update(first.double(), real=True)
    metric.update(second.double(), real=False)
    return max(0.0, float(metric.compute()))  # rounding takes that of equal sets below 0


def kernel_distance(first: Tensor, second: Tensor) -> float:
    """Squared maximum mean discrepancy of features ``[N, C]`` and ``[M, C]`` with the kernel ``(x . y / C + 1) ** 3``.

    The unbiased estimate of Binkowski et al. 2018, called KID where the features are Inception's: 0 on average for two
    sets from one distribution, whatever N and M, so that it may be negative. Larger sets are compared in 100 random
    subsets of 1,000, always the same ones.

    Raises:
        ImageError, PasticheError: as `frechet_distance`.
    """
    _check(first, second)
    estimate, rng = torchmetrics_of("kid").poly_mmd, torch.Generator().manual_seed(0)
    size = min(SUBSET, len(first), len(second))
    if size == len(first) == len(second):
        return float(estimate(first.double(), second.double()))

    def subset(features: Tensor) -> Tensor:
        return features[torch.randperm(len(features), generator=rng)[:size]].double()

    return float(torch.stack([estimate(subset(first), subset(second)) for _ in range(SUBSETS)]).mean())


def with_error(distance: Callable[[Tensor, Tensor], float], first: Tensor, second: Tensor) -> Estimate:
    """A distance of two sets of features, with its standard error by the delete-a-group jackknife (Kott 2001).

    ``v = sum over both sets of (G - 1) / G * sum over g of (d_g - mean d)^2``, where ``d_g`` is the distance without the group
    g of one set. Images that depend on each other, such as those of one face, should come one after the other: a group is
    G consecutive parts of a set. The error is NaN where a set has fewer than three images.

    It takes 20 times as long as the distance. The error of the Frechet distance leaves out its bias.

    Args:
        distance: `frechet_distance` or `kernel_distance`.
        first, second: its arguments.

    Raises:
        ImageError, PasticheError: as the distance.
    """
    known = distance(first, second)
    if min(len(first), len(second)) < 3:
        return Estimate(known, nan)
    by_first = [distance(rest, second) for rest in _leaving_out(first)]
    by_second = [distance(first, rest) for rest in _leaving_out(second)]
    return Estimate(known, (_jackknifed(by_first) + _jackknifed(by_second)) ** 0.5)


def _leaving_out(features: Tensor) -> list[Tensor]:
    """The features without each of the groups."""
    parts = features.tensor_split(min(GROUPS, len(features)))
    return [torch.cat(parts[:left] + parts[left + 1 :]) for left in range(len(parts))]


def _jackknifed(found: Sequence[float]) -> float:
    """The variance of a number that was measured without each of the groups."""
    return (len(found) - 1) * torch.tensor(found, dtype=torch.float64).var(correction=0).item()


def torchmetrics_of(kind: str) -> Any:
    """A module of ``torchmetrics.image``: "fid", "kid" or "ssim".

    Raises:
        PasticheError: torchmetrics is not installed.
    """
    try:
        return import_module(f"torchmetrics.image.{kind}")  # an extra, and slow to import
    except ImportError as error:
        raise PasticheError(
            'FID, KID and MS-SSIM are computed by torchmetrics, which is not installed: pip install "pastiche[metrics]"'
        ) from error


class _Features(nn.Module):
    """Gives torchmetrics features where it expects a network."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.num_features = dimensions

    def forward(self, features: Tensor) -> Tensor:
        return features


def _check(first: Tensor, second: Tensor) -> None:
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ImageError(
            f"features {list(first.shape)} and {list(second.shape)} can't be compared as distributions: expected [N, C] and "
            "[M, C] of at least two images each"
        )
