"""Two styles of one small generator, and faces to draw in them."""

from copy import deepcopy

import pytest
import torch

from pastiche.jojogan import JoJoStyle, OneShot
from pastiche.latents import Latent


@pytest.fixture(scope="session")
def generator(small_generator):
    return small_generator(32)


@pytest.fixture(scope="session")
def styled(generator):
    """A style whose generator differs from the base as if it had been fine-tuned."""

    def make(seed, base=generator):
        rng = torch.Generator().manual_seed(seed)
        tuned = deepcopy(base)
        for value in tuned.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=rng))
        return JoJoStyle(base, tuned, OneShot(steps=seed + 1))

    return make


@pytest.fixture(scope="session")
def styles(styled):
    return [styled(seed) for seed in range(3)]


@pytest.fixture(scope="session")
def faces(generator, codes):
    """Twelve w+ codes."""
    return Latent(codes(generator, 12), "w+")
