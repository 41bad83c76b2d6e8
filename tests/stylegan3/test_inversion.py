"""A search on a generator that has no noise maps."""

import pytest
import torch

import pastiche
from pastiche.inversion import Optimization, optimize


@pytest.mark.parametrize("space", ["w", "w+", "z+"])
@pytest.mark.parametrize("noise", [False, True])
def test_a_search_comes_nearer(small_stylegan3, space, noise):
    generator = small_stylegan3(resolution=16, width=4)
    with torch.no_grad():
        w = generator.mapping(generator.sample_z(1, torch.Generator().manual_seed(3)))
        target = generator.synthesis(generator.broadcast(w))
    distances = []

    def distance(images):
        value = (images - target).square().mean() * 1e3
        distances.append(value.item())
        return value

    settings = Optimization(space=space, steps=15, samples=100, noise=noise, jitter=0.0)
    found = optimize(generator, distance, settings, rng=torch.Generator().manual_seed(0))
    assert found.noise == ()
    assert found.space == space
    assert distances[-1] < 0.5 * distances[0]


def test_the_public_door(small_stylegan3, small_discriminator):
    generator = small_stylegan3(resolution=16, width=4)
    latent = pastiche.invert(
        torch.zeros(1, 3, 24, 24),
        generator,
        method="optimize",
        discriminator=small_discriminator(16),
        settings=Optimization(space="w", steps=2, samples=50),
    )
    assert latent.codes.shape == (1, 12)
