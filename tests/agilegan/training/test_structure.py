"""The structural loss, with random networks: its arithmetic, not its judgement."""

import pytest
import torch

from pastiche.agilegan.training.structure import Structure
from pastiche.losses.perceptual import LPIPS
from pastiche.losses.perceptual_net import PerceptualNet


@pytest.fixture
def pair():
    rng = torch.Generator().manual_seed(3)
    return torch.rand(2, 3, 32, 32, generator=rng) * 2 - 1, torch.rand(2, 3, 32, 32, generator=rng) * 2 - 1


@pytest.fixture(scope="module")
def lpips():
    torch.manual_seed(0)
    network = LPIPS().requires_grad_(False)
    for weight in network.linear:
        weight.uniform_(0, 1)
    return network


@pytest.mark.parametrize("name", ["lpips", "ours"])
def test_with_all_blocks_it_is_the_whole_distance(name, lpips, pair):
    torch.manual_seed(1)
    network = lpips if name == "lpips" else PerceptualNet().requires_grad_(False)
    torch.testing.assert_close(Structure(network, range(5))(*pair), network(*pair), rtol=1e-4, atol=1e-6)


def test_the_first_nine_layers_of_vgg_are_dropped(lpips, pair):
    """LPIPS's outputs after layers 4 and 9 of `features` are left out, those after 16, 23 and 30 remain."""
    first, second = (lpips.embed(images)[2:] for images in pair)
    layers = zip(first, second, list(lpips.linear)[2:], strict=True)
    parts = [((a - b).square() * w).sum(dim=1).mean(dim=(1, 2)) for a, b, w in layers]
    torch.testing.assert_close(Structure(lpips)(*pair), sum(parts), rtol=1e-4, atol=1e-6)


def test_a_discriminator_stands_in(small_discriminator, pair):
    structure = Structure(small_discriminator(32))
    assert structure.name == "the source's discriminator"
    assert structure.blocks == [2, 3]  # of 8 and 4 pixels; there is no smaller one
    assert (structure(*pair) > 0).all()
    assert structure(pair[0], pair[0]).tolist() == [0, 0]
    for found in structure.features(pair[0]):
        torch.testing.assert_close(found.norm(dim=1), torch.ones_like(found[:, 0]))


def test_only_the_stylized_image_gets_a_gradient(small_discriminator, pair):
    images, source = (each.requires_grad_() for each in pair)
    structure = Structure(small_discriminator(32))
    structure(images, source).sum().backward()
    assert images.grad.abs().sum() > 0
    assert source.grad is None
    assert all(weight.grad is None for weight in structure.parameters())


def test_large_images_are_compared_at_256_pixels():
    torch.manual_seed(1)
    structure = Structure(PerceptualNet())
    assert [found.shape[-1] for found in structure.features(torch.zeros(1, 3, 512, 512))] == [64, 32, 16]
