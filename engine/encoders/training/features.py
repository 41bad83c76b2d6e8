"""Networks whose features tell whether two images show the same: what losses between images are made of.

Each has a name, which the training logs, so that nobody mistakes the features that were used for the papers' ones.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from ...losses.perceptual import LPIPS, feature_distance
from ...losses.perceptual_net import PerceptualNet
from ...stylegan2 import Discriminator
from ..arcface import ArcFace
from ..identity import Embedding, embedding_of
from .moco import MoCo

__all__ = ["Identity", "Perception", "identity_of", "perception_of"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Perception:
    """A perceptual distance of images.

    Attributes:
        name: of the network, for the log.
        compare: images ``[N, 3, S, S]`` in [-1, 1] and targets, to the mean distance.
        network: it; its weights stay as they are.
    """

    name: str
    compare: Callable[[Tensor, Tensor], Tensor]
    network: nn.Module


@dataclass(frozen=True)
class Identity:
    """Unit embeddings that tell who, or what, an image shows.

    Attributes:
        name: of the network, for the log.
        embed: images ``[N, 3, S, S]`` in [-1, 1] to ``[N, E]``.
        network: it; its weights stay as they are.
    """

    name: str
    embed: Embedding
    network: nn.Module


def perception_of(network: LPIPS | PerceptualNet | Discriminator) -> Perception:
    """The perceptual distance by a network.

    LPIPS is the papers' (they take its AlexNet; VGG16 is what is read here). `PerceptualNet` is ours. A discriminator gives
    the mean absolute difference of its features: the least faithful, but it is there for every generator.
    """
    network = network.requires_grad_(False).eval()
    if isinstance(network, Discriminator):
        return Perception("the discriminator's features", _Discriminated(network), network)
    name = "LPIPS (VGG16)" if isinstance(network, LPIPS) else "Pastiche's perceptual network"
    return Perception(name, lambda images, targets: network(images, targets).mean(), network)


class _Discriminated:
    """Mean absolute difference of a discriminator's features, of images brought to its size."""

    def __init__(self, network: Discriminator) -> None:
        self.network = network
        self.blocks: Sequence[int] = range(1, len(network.convs))

    def __call__(self, images: Tensor, targets: Tensor) -> Tensor:
        return feature_distance(self._features(images), self._features(targets))

    def _features(self, images: Tensor) -> list[Tensor]:
        side = self.network.resolution
        sized = F.interpolate(images, size=side, mode="area" if images.shape[-1] > side else "bilinear")
        return self.network.features(sized, self.blocks)


def identity_of(network: nn.Module) -> Identity:
    """The embeddings by a network.

    `ArcFace` is the papers', for faces; `MoCo` is e4e's, for other domains. See `embedding_of` for a compact encoder's.

    Raises:
        TypeError: it is none of these.
    """
    network = network.requires_grad_(False).eval()
    if isinstance(network, MoCo):
        return Identity("MoCo v2", network, network)
    embed = embedding_of(network)
    if embed is None:
        raise TypeError(f"a {type(network).__name__} gives no embeddings of identity")
    return Identity(
        "ArcFace" if isinstance(network, ArcFace) else "the shape codes of the checkpoint's encoder", embed, network
    )
