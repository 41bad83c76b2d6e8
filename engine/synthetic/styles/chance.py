"""Random numbers and choices from a generator."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

import torch
from torch import Generator

__all__ = ["choose", "seeded", "uniform"]

Option = TypeVar("Option")


def seeded(*facts: object) -> Generator:
    """A generator seeded with a hash of some facts, because adjacent seeds of the Mersenne twister give similar beginnings."""
    return Generator().manual_seed(int.from_bytes(sha256(repr(facts).encode()).digest()[:4], "big"))


def uniform(rng: Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand((), generator=rng).item()


def choose(rng: Generator, options: Sequence[Option]) -> Option:
    return options[int(torch.randint(len(options), (), generator=rng))]
