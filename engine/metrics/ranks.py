"""Whether one number rises with another: rank correlation."""

from collections.abc import Sequence
from math import isfinite, nan

import torch
from torch import Tensor

__all__ = ["rank_correlation", "rank_interval"]

RESAMPLINGS = 400


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation: 1 if both rise together, -1 if one falls where the other rises.

    NaN where a sequence is constant, which has no order.

    Raises:
        ValueError: their lengths differ, or are below 2.
    """
    from scipy.stats import spearmanr  # noqa: PLC0415 (slow to import)

    if len(first) != len(second) or len(first) < 2:
        raise ValueError(f"ranks of {len(first)} and {len(second)} numbers can't be correlated: give as many, at least two")
    if min(len(set(first)), len(set(second))) == 1:
        return nan
    return float(spearmanr(first, second).statistic)


def rank_interval(first: Sequence[float], samples: Tensor) -> tuple[float, float]:
    """Where 95 % of the rank correlations of `first` with the means of samples lie, when the samples are drawn again.

    The bootstrap of Efron 1979: the S columns are drawn with replacement, 400 times, always in the same way.

    Args:
        samples: ``[N, S]``, of which a row's mean belongs to a number of `first`. A column is one face, for example,
            measured N times.

    Returns:
        NaN twice where the means are constant.

    Raises:
        ValueError: there are not N numbers in `first`.
    """
    rng, count = torch.Generator().manual_seed(0), samples.shape[1]
    drawn = (samples[:, torch.randint(count, (count,), generator=rng)].mean(dim=1) for _ in range(RESAMPLINGS))
    found = [correlation for means in drawn if isfinite(correlation := rank_correlation(first, means.tolist()))]
    if not found:
        return nan, nan
    low, high = torch.tensor(found).quantile(torch.tensor([0.025, 0.975])).tolist()
    return low, high
