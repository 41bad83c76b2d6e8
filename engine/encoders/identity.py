"""Unit embeddings that tell whether two pictures show the same person: ArcFace's, or else a small encoder's codes for shape."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from .arcface import ArcFace
from .compact import SEEN, CompactEncoder

__all__ = ["Embedding", "embedding_of"]

Embedding = Callable[[Tensor], Tensor]
"""Aligned images ``[N, 3, S, S]``, RGB in [-1, 1], to unit embeddings ``[N, E]``."""


def embedding_of(network: nn.Module | None) -> Embedding | None:
    """The embedding by a network; None if it has none.

    `ArcFace` is the papers'. A compact encoder gives the direction of the code for shape, from its mean: not trained to tell
    people apart, but it is there with the models that ship.
    """
    if isinstance(network, ArcFace):
        return network.identify
    if isinstance(network, CompactEncoder) and network.config.in_channels == 3:
        return _ShapeCodes(network)
    return None


class _ShapeCodes:
    """The first of a compact encoder's two codes, as a direction."""

    def __init__(self, network: CompactEncoder) -> None:
        self.network = network

    def __call__(self, images: Tensor) -> Tensor:
        codes, _ = self.network.predict(F.adaptive_avg_pool2d(images, SEEN))
        return F.normalize(codes[:, 0], dim=1)
