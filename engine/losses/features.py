"""Losses on the feature maps of a network that is not trained: of content, of style, of identity.

Maps are lists of ``[N, C, H, W]``, the finest first.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["cosine_loss", "feature_loss", "mean_feature_loss"]


def feature_loss(drawn: Sequence[Tensor], target: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """The perceptual loss (Johnson et al. 2016) with absolute differences: ``sum over layers of weight * mean |x - y|``.

    Args:
        weights: one for each layer; a layer of weight 0 is not compared.
    """
    layers = zip(drawn, target, weights, strict=True)
    parts = [weight * (x.float() - y.float()).abs().mean() for x, y, weight in layers if weight]
    return torch.stack(parts).sum()


def mean_feature_loss(drawn: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """Feature matching of DualStyleGAN: ``sum over layers of the mean squared difference of the channels' means``.

    Means alone, as in the released code; the paper's definition is not at hand.
    """
    pairs = zip(drawn, target, strict=True)
    parts = [(x.float().mean(dim=(2, 3)) - y.float().mean(dim=(2, 3))).square().mean() for x, y in pairs]
    return torch.stack(parts).sum()


def cosine_loss(drawn: Tensor, target: Tensor) -> Tensor:
    """``mean over images of 1 - x . y`` for unit embeddings ``[N, E]``: the identity loss of pSp and its successors."""
    return (1 - (drawn.float() * target.float()).sum(dim=1)).mean()
