"""How different the styles of one face are: diversity by a perceptual distance, as BlendGAN reports it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from ..errors import ImageError

__all__ = ["Perceptual", "pairwise_distance", "style_diversity"]


class Perceptual(Protocol):
    """A network that embeds images and compares what it embedded, as LPIPS does."""

    def embed(self, images: Tensor) -> list[Tensor]:
        """Images ``[N, 3, H, W]`` in [-1, 1] to features."""

    def compare(self, first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
        """Distances ``[N]`` between two results of `embed`."""


@torch.no_grad()
def pairwise_distance(images: Tensor, network: Perceptual) -> float:
    """Mean perceptual distance over all pairs of images ``[K, 3, H, W]``, each of which is embedded once.

    Raises:
        ImageError: there are fewer than two.
    """
    if len(images) < 2:
        raise ImageError(f"differences between pictures need at least two of them, and {len(images)} was given")
    found = network.embed(images)
    first, second = torch.triu_indices(len(images), len(images), offset=1)
    pairs = zip(first.split(len(images)), second.split(len(images)), strict=True)  # a few at a time: features are large
    return torch.cat([network.compare([x[a] for x in found], [x[b] for x in found]) for a, b in pairs]).mean().item()


def style_diversity(faces: Iterable[Tensor], network: Perceptual) -> Tensor:
    """Diversity of styles (Liu et al. 2021, section 4.3): for each of F faces the mean distance of its pictures, ``[F]``.

    The paper takes 1,000 faces, 10 styles of each, and LPIPS, and reports the mean. 0 where a face looks alike in every style.

    Args:
        faces: for each face its pictures in K styles, ``[K, 3, H, W]`` in [-1, 1]; taken one after another.

    Raises:
        ImageError: there is no face, or one has fewer than two pictures.
    """
    found = [pairwise_distance(pictures, network) for pictures in faces]
    if not found:
        raise ImageError("diversity needs at least one face in several styles, and there is none")
    return torch.tensor(found)
