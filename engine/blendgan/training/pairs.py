"""Exactly paired pictures: the same people, natural and in a style.

Ours, and no part of the paper, which has none. Where a painter made them, or a program, they say directly what the adversarial
losses can only suggest: the natural face x of a person, read by a face encoder E, and drawn in the style of the painting
y, is y.

    L = d(G(E(x)), x) + d(G(E(x), E_style(y), i = 0), y)         d: pixels and edges at every scale, and perceptual features
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...losses.perceptual import Perceptual
from ...losses.reconstruction import reconstruction_loss
from ..generator import BlendGenerator
from .codes import Pictures
from .faces import show

__all__ = ["Pairs", "match_names", "pair_losses"]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pictures that belong together.

    Attributes:
        faces: natural ones.
        pictures: in styles.
        numbers: for each pair the number of its face and of its picture, int64 ``[P, 2]``; at least one pair.
        codes: numbers ``[N]`` of faces and their pictures ``[N, 3, R, R]``, mirrored or not, to w+ codes of the generator,
            ``[N, L, D]``: what an encoder reads, or what is known.
        perceptual: compares pictures as the eye does; None where there is no such network.
        networks: what `codes` runs, by name, so that it is moved to the device of the training.
    """

    faces: Pictures
    pictures: Pictures
    numbers: Tensor
    codes: Callable[[Tensor, Tensor], Tensor]
    perceptual: Perceptual | None = None
    networks: Mapping[str, nn.Module] = field(default_factory=dict)

    @property
    def frozen(self) -> dict[str, nn.Module]:
        """All networks that help, and do not learn."""
        own = {} if self.perceptual is None else {"perceptual": self.perceptual}
        return {**self.networks, **own}


def match_names(faces: Sequence[str], pictures: Sequence[str]) -> Tensor:
    """Pairs of a face and a picture whose files have the same name but for the folder and the suffix, int64 ``[P, 2]``."""
    number = {PurePosixPath(name).stem: index for index, name in enumerate(faces)}
    stems = [PurePosixPath(name).stem for name in pictures]
    found = [(number[stem], index) for index, stem in enumerate(stems) if stem in number]
    return torch.tensor(found, dtype=torch.int64).view(-1, 2)


def pair_losses(
    generator: BlendGenerator, pairs: Pairs, chosen: Tensor, flips: Tensor, codes: Tensor, *, side: int, features: float
) -> dict[str, Tensor]:
    """How far drawn pairs are from painted ones.

    Args:
        chosen: numbers of pairs ``[N]``.
        flips: bool ``[N]``: the pairs that are mirrored.
        codes: style codes of the pairs' pictures, ``[N, D]``.
        side: that both are compared at.
        features: weight of the perceptual distance beside the pixels' one.
    """
    device = generator.w_avg.device
    first, second = pairs.numbers[chosen].unbind(dim=1)
    face, painting = pairs.faces.batch(first, flips, device), pairs.pictures.batch(second, flips, device)
    with torch.no_grad():
        natural = pairs.codes(first, face)
    w_plus = torch.cat([natural, generator.blend(natural, generator.map_style(codes))])
    drawn = show(generator, w_plus, None, side)
    wanted = F.adaptive_avg_pool2d(torch.cat([face, painting]), side)
    losses = {}
    for name, images, targets in zip(("natural", "styled"), drawn.chunk(2), wanted.chunk(2), strict=True):
        losses[name] = reconstruction_loss(images, targets)
        if pairs.perceptual is not None and features:
            losses[f"{name}_features"] = features * pairs.perceptual(images, targets).mean()
    return losses
