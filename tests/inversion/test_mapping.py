"""Codes in w+ back to z+."""

import torch

from pastiche.inversion.mapping import invert_mapping


def test_the_mapping_network_is_inverted(small_generator):
    generator = small_generator(32)
    z = torch.randn(2, generator.num_layers, 16, generator=torch.Generator().manual_seed(1))
    wanted = generator.mapping(z)
    found = invert_mapping(generator, wanted, seed=0, steps=80)
    assert (generator.mapping(found) - wanted).square().mean() < 0.01 * wanted.var()
    assert found.square().mean(dim=2).sqrt().sub(1).abs().max() < 1e-3
