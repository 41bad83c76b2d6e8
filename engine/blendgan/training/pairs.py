"""Exactly paired pictures: the same people, natural and in a style.

Ours, and no part of the paper, which has none. Where a painter made them, or a program, they say directly what the adversarial
losses can only suggest: the natural face x of a person, read by a face encoder E, and drawn in the style of the painting
y, is y.

    L = d(G(E(x)), x) + d(G(E(x), E_style(y), i), y)         d: pixels and edges at every scale, and perceptual features

A painting has no stroke where another one of the same person has it, and pixels alone teach their mean. So the Gram matrices
that the style encoder reads can be compared too (Gatys et al. 2016), which tell strokes and not their places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from ...losses.perceptual import Perceptual
from ...losses.texture import textured_loss
from ..encoder import StyleEncoder
from .codes import Pictures
from .config import BlendTraining

__all__ = ["Pairs", "compare", "gram_loss", "match_names"]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pictures that belong together.

    Attributes:
        faces: natural ones; None where `codes` knows everybody by number.
        numbers: for each pair the number of its face, and of its picture among those of the training, int64 ``[P, 2]``; at
            least one pair.
        codes: numbers ``[N]`` of faces and their pictures ``[N, 3, R, R]``, mirrored or not, or None, to w+ codes of the
            generator, ``[N, L, D]``: what an encoder reads, or what is known.
        perceptual: compares pictures as the eye does; None where there is no such network.
        networks: what `codes` runs, by name, so that it is moved to the device of the training.
    """

    faces: Pictures | None
    numbers: Tensor
    codes: Callable[[Tensor, Tensor | None], Tensor]
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


def compare(
    drawn: Tensor, wanted: Tensor, name: str, perceptual: Perceptual | None, settings: BlendTraining
) -> dict[str, Tensor]:
    """How far drawn pictures ``[N, 3, H, W]`` are from the right ones ``[N, 3, R, R]``, at the smaller of both sides.

    Args:
        name: of the loss, and with ``_features`` of the perceptual one.
        perceptual: compares pictures as the eye does; None for pixels alone.
        settings: its weight, and what counts in the distance of pixels.
    """
    side = min(drawn.shape[-1], wanted.shape[-1])
    drawn, wanted = (image if image.shape[-1] == side else F.adaptive_avg_pool2d(image, side) for image in (drawn, wanted))
    losses = {name: textured_loss(drawn, wanted, fine=settings.pairs_fine, texture=settings.pairs_texture)}
    if perceptual is not None and settings.weight_features:
        losses[f"{name}_features"] = settings.weight_features * perceptual(drawn, wanted).mean()
    return losses


def gram_loss(reader: StyleEncoder, drawn: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference of the Gram matrices that a style encoder reads, as a share of their mean: one number.

    Pictures ``[N, 3, H, W]`` that are larger than what it looks at are compared square by square.
    """
    embedder = reader.embedder
    side = min(drawn.shape[-1], wanted.shape[-1])
    drawn, wanted = (image if image.shape[-1] == side else F.adaptive_avg_pool2d(image, side) for image in (drawn, wanted))
    with torch.no_grad():
        right: Tensor = embedder(_squares(wanted, embedder.side))
    error: Tensor = embedder(_squares(drawn, embedder.side)) - right
    return error.abs().mean() / right.abs().mean()


def _squares(images: Tensor, side: int) -> Tensor:
    """Images ``[N, 3, H, W]`` cut into as many squares as have at least `side` pixels."""
    times = max(1, images.shape[-1] // side)
    return rearrange(images, "n c (a h) (b w) -> (n a b) c h w", a=times, b=times)
