"""Whether one number rises with another: rank correlation."""

from collections.abc import Sequence
from math import nan

__all__ = ["rank_correlation"]


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
