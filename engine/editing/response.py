"""How attributes respond to directions, as a classifier reads them; and directions freed from what they move besides."""

import logging
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from ..directions import Direction, Directions
from ..errors import LatentError
from ..faces.landmarks import Landmarker
from ..latents import Latent
from ..metrics import found_again, landmarks_of
from ..stylegan2 import Generator
from .edit import edit, step_of

__all__ = ["AttributeClassifier", "Response", "calibrate", "found_after", "measure"]

log = logging.getLogger(__name__)

BATCH = 8
SIDE = 128  # of the pictures that are read: layers above it are not drawn
PSI = 0.7  # truncation of the random faces


class AttributeClassifier(Protocol):
    """What a `metrics.classifier.PortraitClassifier` does."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the attributes that it reads."""
        ...

    def read(self, images: Tensor) -> Tensor:
        """Readings ``[N, K]`` of aligned faces ``[N, 3, H, W]``."""
        ...


@dataclass(frozen=True, kw_only=True)
class Response:
    """What an amount of 1 of one direction changes, in standard deviations of random faces.

    Attributes:
        own: the mean change of the attribute that it is named after.
        others: the sum of the mean changes of all other attributes among the directions, without their signs.
        identity: root mean square change of the readings by which people are told apart, in a face; two random people differ
            by `strangers`.
        strangers: see `identity`.
        found_again: part of the edited people whose landmarks are nearest to their own unedited ones, among all
            (`metrics.found_again`); NaN without a landmark detector.
        changes: the mean change of each attribute.
    """

    own: float
    others: float
    identity: float
    strangers: float
    found_again: float
    changes: dict[str, float]

    @property
    def ratio(self) -> float:
        """How many times more the own attribute changes than all others together."""
        return abs(self.own) / max(self.others, 1e-6)


@torch.no_grad()
def measure(
    directions: Directions,
    generator: Generator,
    classifier: AttributeClassifier,
    *,
    landmarker: Landmarker | None = None,
    faces: int = 128,
    seed: int = 1,
) -> dict[str, Response]:
    """Let a classifier read random faces before and after an edit by -1 and +1 along each direction that it has a reading for.

    Args:
        landmarker: by which people are found again.
        faces: number of random faces.
        seed: of the faces.

    Raises:
        LatentError: the directions belong to another generator, or the classifier reads none of them.
    """
    readings = _Readings(directions, generator, classifier, faces, seed)
    first, second = readings.at_rest.roll(1, dims=0), readings.at_rest
    who = [index for index, name in enumerate(classifier.names) if name not in readings.names]
    strangers = _spread(first[:, who] - second[:, who])
    again = (
        {}
        if landmarker is None
        else found_after(
            Directions([directions[name] for name in readings.names]), generator, landmarker, faces=faces, seed=seed
        )
    )
    found = {}
    for name in readings.names:
        change = readings.change(directions[name])
        mean = dict(zip(classifier.names, change.mean(dim=0).tolist(), strict=True))
        found[name] = Response(
            own=mean[name],
            others=sum(abs(mean[other]) for other in readings.names if other != name),
            identity=_spread(change[:, who]),
            strangers=strangers,
            found_again=again.get(name, float("nan")),
            changes=mean,
        )
    return found


@torch.no_grad()
def found_after(
    directions: Directions, generator: Generator, landmarker: Landmarker, *, faces: int = 32, seed: int = 1
) -> dict[str, float]:
    """Whether people stay themselves: the part of them who are found again after an edit by -1 and +1.

    Args:
        landmarker: for aligned pictures of at most `SIDE` pixels.
        faces, seed: as for `measure`.

    Returns:
        for each direction, `metrics.found_again` of the edited people among the unedited; 1 / `faces` is chance.

    Raises:
        LatentError: the directions belong to another generator.
    """
    directions.expect(generator)
    people = _people(generator, faces, seed)

    def places(moved: Latent) -> Tensor:
        parts = [moved[start : start + BATCH] for start in range(0, len(moved), BATCH)]
        return landmarks_of(torch.cat([_drawn(generator, part).cpu() for part in parts]), landmarker)

    plain = places(people)
    return {
        name: sum(found_again(places(edit(people, generator, [(one, amount)])), plain) for amount in (-1.0, 1.0)) / 2
        for name, one in directions.items()
    }


def _people(generator: Generator, count: int, seed: int) -> Latent:
    """Random faces near the mean, in w."""
    return generator.random_faces(count, torch.Generator().manual_seed(seed), psi=PSI)


def _drawn(generator: Generator, people: Latent) -> Tensor:
    """The sum of the to-RGB layers up to `SIDE` pixels."""
    placed = generator.to_w_plus(people)
    stages = generator.bind(generator.styles(placed.codes, placed.offset), generator.noise_maps("fixed"))
    above = max(0, (generator.resolution // SIDE).bit_length() - 1)
    return generator.run(stages[: len(stages) - above], generator.constant(len(placed)))[1].clamp(-1, 1)


def _spread(change: Tensor) -> float:
    return float(change.square().mean().sqrt()) if change.numel() else 0.0


@torch.no_grad()
def calibrate(
    directions: Directions,
    generator: Generator,
    classifier: AttributeClassifier,
    *,
    faces: int = 256,
    seed: int = 0,
    rounds: int = 6,
    weakest: float = 0.1,
) -> Directions:
    """Free directions from what they move besides their own attribute.

    With R the mean response of each attribute to each direction, the rows of ``R^-1 V`` move one attribute each, to first
    order. A direction that hardly moves its own attribute is left out, and the log says so.

    Args:
        directions: in w or w+, without goals, named after attributes that the classifier reads.
        faces, seed: random faces to measure on. Use others for `measure`. The mean responses must be known more precisely
            than what the directions move besides: 32 faces are too few.
        rounds: repetitions; the responses are not linear.
        weakest: the change of its own attribute, in standard deviations, below which a direction is left out.

    Returns:
        Directions in w+. An amount of 1 moves the own attribute by one standard deviation of random faces.

    Raises:
        LatentError: they belong to another generator, or none of them can be calibrated.
    """
    given = list(directions.values())
    if unfit := [one.name for one in given if one.space == "s" or one.goal is not None]:
        raise LatentError(f"{unfit[0]} can't be calibrated: give directions in w or w+ without a goal")
    chosen = [one for one in given if one.name in classifier.names]
    for _ in range(rounds):
        current = Directions(chosen, directions.name)
        readings = _Readings(current, generator, classifier, faces, seed)
        places = [classifier.names.index(one.name) for one in chosen]
        response = torch.stack([readings.change(one).mean(dim=0)[places] for one in chosen])
        strong = response.diagonal().abs() >= weakest
        for one in (one for one, keep in zip(chosen, strong.tolist(), strict=True) if not keep):
            log.warning("%s is left out: this generator hardly draws it along its direction", one.name)
        kept = [index for index, keep in enumerate(strong.tolist()) if keep]
        if not kept:
            raise LatentError("no direction moves the attribute that it is named after: learn them from more latents")
        vectors = torch.stack([step_of(chosen[index], generator.num_layers) for index in kept])  # [K, L, D]
        mixed = torch.einsum("kj,jld->kld", torch.linalg.inv(response[kept][:, kept].cpu()), vectors)
        chosen = [
            replace(chosen[index], space="w+", vector=vector, rows=None) for index, vector in zip(kept, mixed, strict=True)
        ]
    return Directions([replace(one, source=f"{one.source}, calibrated") for one in chosen], directions.name)


class _Readings:
    """Random faces, and what a classifier reads of them in units of how they differ from each other."""

    def __init__(
        self, directions: Directions, generator: Generator, classifier: AttributeClassifier, faces: int, seed: int
    ) -> None:
        directions.expect(generator)
        self.generator = generator
        self.classifier = classifier
        self.names = [name for name in directions if name in classifier.names]
        if not self.names:
            raise LatentError(f"the classifier reads none of {', '.join(directions)}, only {', '.join(classifier.names)}")
        self.people = _people(generator, faces, seed)
        plain = self._read(self.people)
        self.unit = plain.std(dim=0).clamp_min(1e-3) / PSI
        self.at_rest = plain / self.unit

    def change(self, direction: Direction) -> Tensor:
        """Half the change ``[N, K]`` from -1 to +1."""
        low, high = (self._read(edit(self.people, self.generator, [(direction, amount)])) for amount in (-1.0, 1.0))
        return (high - low) / 2 / self.unit

    def _read(self, people: Latent) -> Tensor:
        parts = [people[start : start + BATCH] for start in range(0, len(people), BATCH)]
        return torch.cat([self.classifier.read(_drawn(self.generator, part)) for part in parts])
