"""What a drawn face is compared with the reference by (JoJoGAN, section 3.2 and appendix)."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..errors import StyleError
from ..images import luma
from ..losses.perceptual import FeatureNetwork, feature_distance
from ..losses.reconstruction import reconstruction_loss

__all__ = ["FeatureLoss", "IdentityNetwork", "ReconstructionLoss", "greyscale", "identity_loss"]

IdentityNetwork = Callable[[Tensor], Tensor]
"""Images ``[N, 3, H, W]`` in [-1, 1] to unit embeddings ``[N, E]``."""


def greyscale(images: Tensor) -> Tensor:
    """Images ``[N, 3, H, W]`` without colour, still three channels; the paper does not name its formula."""
    return luma(images).expand_as(images)


class FeatureLoss:
    """Mean absolute difference of a network's features from the references'; the paper's network is the discriminator.

    ``L = mean over blocks k of mean |D_k(image) - D_k(reference)|``. The references' features are computed once.

    Args:
        network: the discriminator that was trained with the generator, at the same resolution, or a perceptual network;
            its weights are left alone.
        references: ``[N, 3, H, W]`` in [-1, 1].
        blocks: of the network; those that it does not have are left out.
        grey: compare without colour.

    Raises:
        StyleError: the network has none of the blocks.
    """

    def __init__(self, network: FeatureNetwork, references: Tensor, blocks: tuple[int, ...], *, grey: bool) -> None:
        self.network = network
        self.blocks = [block for block in blocks if block < network.depth]
        self.grey = grey
        if not self.blocks:
            raise StyleError(f"this network has {network.depth} blocks, none of {blocks}")
        with torch.no_grad():
            self.wanted = self._features(references)

    def _features(self, images: Tensor) -> list[Tensor]:
        return self.network.features(greyscale(images) if self.grey else images, self.blocks)

    def __call__(self, images: Tensor) -> Tensor:
        return feature_distance(self._features(images), self.wanted)


class ReconstructionLoss:
    """Mean absolute difference of pixels and edges from the references', at four sizes.

    Ours, not the paper's. A discriminator that saw few kinds of pictures has features that grain satisfies as well
    as strokes do; this says where colours and outlines belong. Edges count twice: a generator that can't draw them
    would else blur them.

    Args:
        references: ``[N, 3, H, W]`` in [-1, 1].
        grey: compare without colour.
    """

    def __init__(self, references: Tensor, *, grey: bool) -> None:
        self.grey = grey
        self.wanted = greyscale(references) if grey else references

    def __call__(self, images: Tensor) -> Tensor:
        return reconstruction_loss(greyscale(images) if self.grey else images, self.wanted, edges=2.0)


def identity_loss(network: IdentityNetwork, drawn: Tensor, original: Tensor) -> Tensor:
    """``1 - cos`` between embeddings of the drawn and the original face of the same code, both without colour."""
    with torch.no_grad():
        wanted = network(greyscale(original))
    return (1 - (network(greyscale(drawn)) * wanted).sum(dim=1)).mean()
