"""The losses of the one-shot fine-tuning (JoJoGAN, section 3.2 and appendix)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import StyleError
from ..images import luma
from ..losses.perceptual import FeatureNetwork, feature_distance
from ..losses.reconstruction import reconstruction_loss
from ..losses.texture import texture_loss

__all__ = ["EVERY", "FeatureLoss", "IdentityNetwork", "ReferenceLoss", "greyscale", "identity_loss"]

EVERY = slice(None)

IdentityNetwork = Callable[[Tensor], Tensor]
"""Images ``[N, 3, H, W]`` in [-1, 1] to unit embeddings ``[N, E]``."""


def greyscale(images: Tensor) -> Tensor:
    """Convert images ``[N, 3, H, W]`` to grey, with three channels. The paper does not give a formula."""
    return luma(images).expand_as(images)


class FeatureLoss:
    """Mean absolute difference between a network's features of an image and of the reference.

    ``L = mean over blocks k of mean |D_k(image) - D_k(reference)|``. The paper's network is the
    discriminator. The references' features are computed once.

    Args:
        network: the generator's discriminator, at the same resolution, or a perceptual network. It is not trained.
        references: ``[N, 3, H, W]`` in [-1, 1].
        blocks: indices of the network's blocks; missing ones are skipped.
        grey: compare images without colour.

    Raises:
        StyleError: the network has none of these blocks.
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

    def __call__(self, images: Tensor, numbers: Tensor | slice = EVERY) -> Tensor:
        """The distance of images from their references: those of the numbers ``[N]``, or all."""
        return feature_distance(self._features(images), [layer[numbers] for layer in self.wanted])


class ReferenceLoss:
    """Direct comparisons of images with the reference.

    Ours, not the paper's. The features of a discriminator with few training images can't distinguish grain from
    brush strokes.

    Args:
        references: ``[N, 3, H, W]`` in [-1, 1].
        grey: compare images without colour.
        scale: how many times smaller the images are that `reconstruction` compares.
    """

    def __init__(self, references: Tensor, *, grey: bool, scale: int = 1) -> None:
        self.grey, self.scale = grey, scale
        self.wanted = greyscale(references) if grey else references
        self.smaller = self._smaller(self.wanted)

    def reconstruction(self, images: Tensor, numbers: Tensor | slice = EVERY) -> Tensor:
        """The reconstruction loss to the references of these numbers ``[N]``, which places colours and outlines.

        Edges have a weight of two, because a generator that can't draw them would otherwise blur them.
        """
        return reconstruction_loss(self._smaller(self._compared(images)), self.smaller[numbers], edges=2.0)

    def texture(self, images: Tensor, numbers: Tensor | slice = EVERY) -> Tensor:
        """The texture loss to the references of these numbers ``[N]``, which keeps strokes and outlines sharp."""
        return texture_loss(self._compared(images), self.wanted[numbers])

    def _compared(self, images: Tensor) -> Tensor:
        return greyscale(images) if self.grey else images

    def _smaller(self, images: Tensor) -> Tensor:
        return F.avg_pool2d(images, min(self.scale, images.shape[-1]))


def identity_loss(network: IdentityNetwork, drawn: Tensor, original: Tensor) -> Tensor:
    """``1 - cos`` between embeddings of the drawn and the original face of the same code, both without colour."""
    with torch.no_grad():
        wanted = network(greyscale(original))
    return (1 - (network(greyscale(drawn)) * wanted).sum(dim=1)).mean()
