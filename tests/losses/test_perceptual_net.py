"""Our own perceptual network, untrained: it fits where LPIPS and a discriminator do."""

import pytest
import torch

from pastiche.jojogan.loss import FeatureLoss
from pastiche.losses.perceptual import LPIPSDistance
from pastiche.losses.perceptual_net import PerceptualNet


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return PerceptualNet().eval().requires_grad_(False)


def test_the_distance_is_0_of_equal_pictures_and_symmetric(network):
    a, b = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    assert network(a, a).tolist() == [0, 0]
    assert torch.allclose(network(a, b), network(b, a))
    assert (network(a, b) > 0).all()


def test_it_stands_in_for_lpips_in_a_search(network):
    target = torch.rand(1, 3, 64, 64) * 2 - 1
    distance = LPIPSDistance(network, target)
    image = torch.zeros_like(target, requires_grad=True)
    distance(image).backward()
    assert image.grad.abs().sum() > 0
    assert distance(target) == pytest.approx(0, abs=1e-6)


def test_it_stands_in_for_the_discriminator_when_a_style_is_learned(network):
    reference = torch.rand(1, 3, 64, 64) * 2 - 1
    loss = FeatureLoss(network, reference, tuple(range(network.depth)), grey=False)
    assert loss(reference) == 0
    assert loss(reference.flip(-1)) > 0


def test_features_are_small_where_their_weight_is(network):
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    before = network.features(picture, (0,))[0]
    with torch.no_grad():
        network.linear[0][:, 0] = 0
    after = network.features(picture, (0,))[0]
    assert after[:, 0].abs().sum() == 0
    assert after[:, 1:].equal(before[:, 1:])
    with torch.no_grad():
        network.linear[0][:, 0] = 1


def test_a_network_comes_back_from_its_file(network, tmp_path):
    network.save(tmp_path / "perceptual.safetensors")
    a, b = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    assert torch.allclose(PerceptualNet.load(tmp_path / "perceptual.safetensors")(a, b), network(a, b), rtol=0.05)
