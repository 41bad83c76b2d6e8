"""Directions of a latent space along which one attribute of a face changes, and their file format."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from torch import Tensor

from .errors import Advice, LatentError
from .stylegan2 import LatentGenerator
from .stylegan2.fingerprint import fingerprint
from .tensor_files import TensorFile

__all__ = ["HEADER", "Direction", "DirectionSpace", "Directions"]

DirectionSpace = Literal["w", "w+", "s"]

HEADER = "pastiche.directions"  # in a file's metadata: the facts of each direction
FILE = TensorFile(
    header=HEADER,
    what="directions",
    writer=Advice(python="`Directions.save`", command="`pastiche directions`", node="Find Directions"),
    refusal=LatentError,
)
VECTOR, MEAN = "vector.", "mean."  # prefixes of the names of tensors
AXES: dict[DirectionSpace, int] = {"w": 1, "w+": 2, "s": 1}


@dataclass(frozen=True, kw_only=True)
class Direction:
    """A step in a latent space of one generator.

    Attributes:
        name: of the attribute that it changes.
        space: "w": the same step for each row of w+; "w+": a step for each row; "s": a step for each style channel.
        vector: ``[D]`` in w, ``[L, D]`` in w+, ``[S]`` in S space, the channels of all layers one after another. The
            finders of this package scale it so that an amount of 1 is about one standard deviation of random faces.
        generator: the fingerprint of the generator that it belongs to.
        rows: the rows of w+ that it moves; None for all. Not for S space.
        goal: if given, an amount of 1 moves a face to this coordinate along the vector, wherever it was (GANSpace), instead
            of moving it by the vector. Only in w.
        mean: the origin of that coordinate, ``[D]``.
        source: where it comes from.

    Raises:
        LatentError: the vector does not fit the space.
    """

    name: str
    space: DirectionSpace
    vector: Tensor
    generator: str
    rows: tuple[int, ...] | None = None
    goal: float | None = None
    mean: Tensor | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.space not in get_args(DirectionSpace) or self.vector.ndim != AXES[self.space]:
            raise LatentError(
                f"direction {self.name}: a vector {list(self.vector.shape)} in {self.space!r} was given: "
                "expected [D] in w, [L, D] in w+ or [S] in s"
            )
        if not self.vector.is_floating_point() or not bool(self.vector.isfinite().all()):
            raise LatentError(f"direction {self.name}: the vector holds values that are no finite numbers: get the file again")
        if (self.goal is None) != (self.mean is None) or (self.goal is not None and self.space != "w"):
            raise LatentError(f"direction {self.name}: a goal needs a mean, and both are for directions in w")

    def on_rows(self, rows: Sequence[int]) -> "Direction":
        """The same direction for some rows of w+ only.

        Raises:
            LatentError: it is in S space, where no rows exist, or there are no rows.
        """
        if self.space == "s":
            raise LatentError(f"direction {self.name} is in S space, which has no rows: choose rows for a direction in w or w+")
        if not rows:
            raise LatentError(f"direction {self.name}: no rows were given: expected at least one")
        return replace(self, rows=tuple(sorted(set(rows))))

    def expect(self, generator: LatentGenerator, known: str | None = None) -> None:
        """Check that this direction belongs to a generator.

        Args:
            known: the generator's fingerprint, if it was already computed.

        Raises:
            LatentError: it belongs to another one, or moves rows that do not exist.
        """
        found = known or fingerprint(generator)
        if found != self.generator:
            raise LatentError(
                f"the direction {self.name} belongs to another generator (fingerprint {self.generator[:12]}) than this one of "
                f"{generator.resolution} pixels (fingerprint {found[:12]}): load that generator, or find directions for it"
            )
        if wrong := [row for row in self.rows or () if not 0 <= row < generator.num_layers]:
            raise LatentError(
                f"the direction {self.name} moves row {wrong[0]}: this generator has the rows 0 to {generator.num_layers - 1}"
            )


class Directions(Mapping[str, Direction]):
    """Named directions of one generator.

    Args:
        directions: with different names.
        name: human-readable name of their generator.

    Raises:
        LatentError: there are none, two have the same name, or they belong to different generators.
    """

    def __init__(self, directions: Sequence[Direction], name: str = "") -> None:
        if not directions:
            raise LatentError("there are no directions: give at least one")
        self._of = {direction.name: direction for direction in directions}
        if len(self._of) != len(directions):
            raise LatentError("two directions have the same name: rename one of them")
        if len({direction.generator for direction in directions}) > 1:
            raise LatentError("these directions belong to different generators: keep them in a file for each generator")
        self.name = name

    def __getitem__(self, name: str) -> Direction:
        try:
            return self._of[name]
        except KeyError:
            raise LatentError(f"there is no direction {name!r}: choose from {', '.join(self._of)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._of

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)

    @property
    def generator(self) -> str:
        """The fingerprint of their generator."""
        return next(iter(self._of.values())).generator

    def expect(self, generator: LatentGenerator) -> None:
        """Check that they belong to a generator; see `Direction.expect`."""
        found = fingerprint(generator)
        for direction in self.values():
            direction.expect(generator, found)

    def save(self, path: str | Path) -> None:
        """Save them to a ``.safetensors`` file, atomically.

        Raises:
            LatentError: it can't be written.
        """
        tensors = {VECTOR + name: direction.vector for name, direction in self.items()}
        tensors |= {MEAN + name: direction.mean for name, direction in self.items() if direction.mean is not None}
        facts = {
            "generator": self.generator,
            "generator_name": self.name,
            "directions": [
                {"name": name, "space": its.space, "rows": its.rows, "goal": its.goal, "source": its.source}
                for name, its in self.items()
            ],
        }
        FILE.write(path, {name: value.float() for name, value in tensors.items()}, json.dumps(facts))

    @classmethod
    def load(cls, path: str | Path) -> "Directions":
        """Load a file that `save` wrote.

        Raises:
            LatentError: the file can't be read, or does not hold directions.
        """
        tensors, facts = FILE.read_facts(path)
        try:
            return cls([_direction(entry, facts, tensors) for entry in facts["directions"]], str(facts["generator_name"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FILE.unreadable(path, error) from error


def _direction(entry: dict[str, Any], facts: dict[str, Any], tensors: dict[str, Tensor]) -> Direction:
    name, rows, goal = str(entry["name"]), entry["rows"], entry["goal"]
    return Direction(
        name=name,
        space=entry["space"],
        vector=tensors[VECTOR + name],
        generator=str(facts["generator"]),
        rows=None if rows is None else tuple(int(row) for row in rows),
        goal=None if goal is None else float(goal),
        mean=tensors.get(MEAN + name),
        source=str(entry["source"]),
    )
