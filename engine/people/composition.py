"""Combination of a person and a style, two fine-tunings of one generator (ours, in no paper).

The sum ``base + a * (tuned - base) + (style - base)`` overshoots: both change colour and contrast, so that a dark photo
in a dark style turns black and yellow. Here the weights of every convolution are interpolated instead,

    theta = style + likeness * share * (tuned - style),

where the share is 1 up to an eighth of the image side, a half at a quarter, and 0 above: shapes come from the person,
brushwork from the style. The to-RGB layers, which hold the palette, come from the style at every size. For a style that
keeps colours (`OneShot.keep_color`) their share is 1, because the colours to keep are the person's.

An AgileGAN has learned the shapes of its style, such as large eyes, in those very convolutions, and interpolation would take
them away. A BlendGAN or a DualStyleGAN is itself what was tuned: once its finer layers fit a photo, they draw no style. So
there a part of what the person changed is added, with the same shares:

    theta = style + likeness * ADDED * share * (tuned - base).
"""

from collections.abc import Iterable
from copy import deepcopy
from functools import cached_property
from typing import Generic, TypeVar

import torch
from torch import nn

from ..stylegan2 import Generator
from ..stylegan2.config import resolutions
from ..stylegan2.latent_generator import Person

__all__ = ["WithPerson", "add_person", "person_shares", "stylized_person"]

ADDED = 0.55  # of what a person changed, at a likeness of 1; with all of it, colours of the background appear in the hair

Net = TypeVar("Net", bound=Generator)


def person_shares(resolution: int) -> list[float]:
    """The maximum share of the person for the convolutions of each resolution, from 4 pixels up."""
    quarter = resolution // 4
    return [1.0 if side < quarter else 0.5 if side == quarter else 0.0 for side in resolutions(resolution)]


@torch.no_grad()
def stylized_person(style: Generator, person: Person, likeness: float, *, keep_color: bool = False) -> Generator:
    """The network between those of a style and a person, by the first formula above.

    Args:
        style: fine-tuned from the generator that the person was tuned on.
        keep_color: take the palette from the person.
    """
    with torch.inference_mode(False):
        mixed = deepcopy(style).requires_grad_(False)
        for own, theirs, _, share in _shared_layers(mixed, person, float(keep_color)):
            for value, wanted in zip(own.parameters(), theirs.parameters(), strict=True):
                value.lerp_(wanted.to(value), likeness * share)
    return mixed


@torch.no_grad()
def add_person(styles: Iterable[Generator], person: Person, likeness: float) -> None:
    """Add to the weights of styles what a person's tuning changed, in place, by the second formula above.

    Args:
        styles: generators, which may share layers: each layer is changed once.
        person, likeness: see `stylized_person`.
    """
    changed = set[nn.Module]()
    for style in styles:
        for own, theirs, base, share in _shared_layers(style, person, 0.0):
            if own not in changed:
                changed.add(own)
                for value, after, before in zip(own.parameters(), theirs.parameters(), base.parameters(), strict=True):
                    value.add_(after.to(value) - before.to(value), alpha=likeness * ADDED * share)


class WithPerson(Generic[Net]):
    """A generator that draws styles and was tuned to a person: by the second formula at strength 1, the plain person at 0.

    Args:
        generator: as it was before; stays as it is.
        person, likeness: see `stylized_person`.
    """

    def __init__(self, generator: Net, person: Person, likeness: float) -> None:
        self._person, self._likeness = person, likeness
        with torch.inference_mode(False):
            self.styled = deepcopy(generator).requires_grad_(False)
            add_person([self.styled], person, likeness)
        self._last: tuple[float, Net] = (1.0, self.styled)

    @cached_property
    def plain(self) -> Net:
        """The person without a style."""
        network = self._person.at(self._likeness)
        assert isinstance(network, type(self.styled))
        return network

    @torch.no_grad()
    def at(self, strength: float) -> Net:
        """The generator for a strength, parameters interpolated; the last one is kept."""
        if strength == 0:
            return self.plain
        last, network = self._last
        if strength != last:
            with torch.inference_mode(False):
                network = deepcopy(self.plain).requires_grad_(False)
                for value, styled in zip(network.parameters(), self.styled.parameters(), strict=True):
                    value.lerp_(styled.to(value), strength)
            self._last = (strength, network)
        return network


def _shared_layers(style: Generator, person: Person, color: float) -> Iterable[tuple[nn.Module, nn.Module, nn.Module, float]]:
    """Each layer of the style, of the person and of the base, and the person's share in it."""
    tuned, base = person.generator, person.base
    assert isinstance(tuned, Generator)
    assert isinstance(base, Generator)
    shares = person_shares(style.resolution)
    yield style.input, tuned.input, base.input, shares[0]
    for own, theirs, before, share in zip(style.stages(), tuned.stages(), base.stages(), shares, strict=True):
        for layers in zip(own[0], theirs[0], before[0], strict=True):
            yield *layers, share
        yield own[1], theirs[1], before[1], color
