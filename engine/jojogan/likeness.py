"""Combination of a person and a style, two fine-tunings of one generator (ours, not the paper's).

The sum ``base + a * (tuned - base) + (style - base)`` overshoots: both change colour and contrast, so that a dark photo
in a dark style turns black and yellow. Here the weights of every convolution are interpolated instead,

    theta = style + likeness * share * (tuned - style),

where the share is 1 up to an eighth of the image side, a half at a quarter, and 0 above: shapes come from the person,
brushwork from the style. The to-RGB layers, which hold the palette, come from the style at every size. For a style that
keeps colours (`OneShot.keep_color`) their share is 1, because the colours to keep are the person's.
"""

from copy import deepcopy

import torch
from torch import nn

from ..people import Tuned
from ..stylegan2 import Generator
from ..stylegan2.config import resolutions

__all__ = ["person_shares", "stylized_person"]


def person_shares(resolution: int) -> list[float]:
    """The maximum share of the person for the convolutions of each resolution, from 4 pixels up."""
    quarter = resolution // 4
    return [1.0 if side < quarter else 0.5 if side == quarter else 0.0 for side in resolutions(resolution)]


def stylized_person(style: Generator, person: Tuned, likeness: float, *, keep_color: bool = False) -> Generator:
    """The network between those of a style and a person, by the formula above.

    Args:
        style: fine-tuned from the generator that the person was tuned on.
        keep_color: take the palette from the person.
    """
    assert isinstance(person.generator, Generator)
    with torch.inference_mode(False), torch.no_grad():
        mixed = deepcopy(style).requires_grad_(False)
        shares = person_shares(style.resolution)
        _move(mixed.input, person.generator.input, likeness * shares[0])
        for own, theirs, share in zip(mixed.stages(), person.generator.stages(), shares, strict=True):
            for conv, other in zip(own[0], theirs[0], strict=True):
                _move(conv, other, likeness * share)
            _move(own[1], theirs[1], likeness * keep_color)
    return mixed


def _move(module: nn.Module, towards: nn.Module, share: float) -> None:
    for own, other in zip(module.parameters(), towards.parameters(), strict=True):
        own.lerp_(other.to(own), share)
