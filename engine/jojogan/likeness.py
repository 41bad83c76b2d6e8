"""A person in a style: two changes of one generator's parameters, brought together (ours, not the paper's).

Added up, ``base + a * (tuned - base) + (style - base)`` overshoots: both changes move colour and contrast, so that a
dark photo in a dark style turns black and yellow. Here every convolution lies between the two instead of beyond them,

    theta = style + likeness * share * (tuned - style),

where the share is 1 up to an eighth of the picture's side, a half at a quarter, and 0 above: shapes come from the
person, brushwork from the style. The to-RGB layers, which hold the palette, are the style's at every size.
"""

from copy import deepcopy

import torch

from ..people import Tuned
from ..stylegan2 import Generator
from ..stylegan2.config import resolutions

__all__ = ["person_shares", "stylized_person"]


def person_shares(resolution: int) -> list[float]:
    """How much of the person the convolutions of each resolution keep at most, from 4 pixels up."""
    quarter = resolution // 4
    return [1.0 if side < quarter else 0.5 if side == quarter else 0.0 for side in resolutions(resolution)]


def stylized_person(style: Generator, person: Tuned, likeness: float) -> Generator:
    """The network between a style's and a person's, by the formula above.

    Args:
        style: fine-tuned from the generator that the person was tuned on.
    """
    assert isinstance(person.generator, Generator)
    with torch.inference_mode(False), torch.no_grad():
        mixed = deepcopy(style).requires_grad_(False)
        shares = person_shares(style.resolution)
        for (convs, _), (theirs, _), share in zip(mixed.stages(), person.generator.stages(), shares, strict=True):
            for own, other in zip(convs, theirs, strict=True):
                for parameter, target in zip(own.parameters(), other.parameters(), strict=True):
                    parameter.lerp_(target.to(parameter), likeness * share)
        constant = person.generator.input.input
        mixed.input.input.lerp_(constant.to(mixed.input.input), likeness * shares[0])
    return mixed
