"""Combination of a person and a style, two fine-tunings of one generator (ours, in no paper).

The sum ``base + a * (tuned - base) + (style - base)`` overshoots: both change colour and contrast, so that a dark photo
in a dark style turns black and yellow. Here the weights of every convolution are interpolated instead,

    theta = style + likeness * share * (tuned - style),

where the share is 1 up to an eighth of the image side, a half at a quarter, and 0 above: shapes come from the person,
brushwork from the style. The to-RGB layers, which hold the palette, come from the style at every size. For a style that
keeps colours (`OneShot.keep_color`) their share is 1, because the colours to keep are the person's.
"""

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import nn

from ..stylegan2 import Generator
from ..stylegan2.config import resolutions
from ..stylegan2.latent_generator import Person

__all__ = ["move_to_person", "person_shares", "stylized_person"]


def person_shares(resolution: int) -> list[float]:
    """The maximum share of the person for the convolutions of each resolution, from 4 pixels up."""
    quarter = resolution // 4
    return [1.0 if side < quarter else 0.5 if side == quarter else 0.0 for side in resolutions(resolution)]


def stylized_person(style: Generator, person: Person, likeness: float, *, keep_color: bool = False) -> Generator:
    """The network between those of a style and a person, by the formula above.

    Args:
        style: fine-tuned from the generator that the person was tuned on.
        keep_color: take the palette from the person.
    """
    with torch.inference_mode(False):
        mixed = deepcopy(style).requires_grad_(False)
        move_to_person([mixed], person, likeness, keep_color=keep_color)
    return mixed


@torch.no_grad()
def move_to_person(styles: Iterable[Generator], person: Person, likeness: float, *, keep_color: bool = False) -> None:
    """Move the weights of styles towards a person, in place, by the formula above.

    Args:
        styles: plain generators, which may share layers: each layer is moved once.
        person, likeness, keep_color: see `stylized_person`.
    """
    assert isinstance(person.generator, Generator)
    moved = set[nn.Module]()
    for style in styles:
        for own, other, share in _shared_layers(style, person.generator, float(keep_color)):
            if own not in moved:
                moved.add(own)
                for value, theirs in zip(own.parameters(), other.parameters(), strict=True):
                    value.lerp_(theirs.to(value), likeness * share)


def _shared_layers(style: Generator, person: Generator, color: float) -> Iterable[tuple[nn.Module, nn.Module, float]]:
    """Each layer of the style, the person's, and the person's share in it."""
    shares = person_shares(style.resolution)
    yield style.input, person.input, shares[0]
    for own, theirs, share in zip(style.stages(), person.stages(), shares, strict=True):
        for conv, other in zip(own[0], theirs[0], strict=True):
            yield conv, other, share
        yield own[1], theirs[1], color
