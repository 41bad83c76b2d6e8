"""The identity network. The numbers are in tests/golden."""

import pytest
import torch

from pastiche.encoders import ArcFace, ArcFaceConfig
from pastiche.errors import ImageError, LatentError
from pastiche.inversion import encode


@pytest.fixture
def network():
    torch.manual_seed(0)
    return ArcFace(ArcFaceConfig(embedding_dim=24, stem=4, widths=(4, 8, 8, 16))).eval().requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_embeddings_are_directions(network, images):
    found = network(network.prepare(images))
    assert found.shape == (2, 24)
    assert torch.allclose(found.norm(dim=1), torch.ones(2), atol=1e-6)
    assert torch.allclose(network(network.prepare(images[1:])), found[1:], atol=1e-5)


def test_the_face_is_cut_out(network, images):
    wanted = torch.nn.functional.adaptive_avg_pool2d(images[:, :, 35:223, 32:220], 112)
    assert torch.equal(network.prepare(images), wanted)


@pytest.mark.parametrize("side", [32, 256, 1024])
def test_pictures_of_any_size_are_identified(network, images, side):
    pictures = torch.nn.functional.interpolate(images, size=side, mode="nearest")
    found = network.identify(pictures)
    assert found.shape == (2, 24)
    if side >= 256:
        assert torch.allclose(found, network(network.prepare(images)), atol=1e-5)
    with pytest.raises(ImageError):
        network.identify(pictures[:, :1])


def test_gradients_reach_the_picture(network, images):
    images = images.requires_grad_()
    network(network.prepare(images)).sum().backward()
    assert images.grad.any()


def test_another_size_is_refused(network, images):
    with pytest.raises(ImageError, match=r"images \[N, 3, 112, 112\] here, not \[2, 3, 256, 256\]"):
        network(images)
    with pytest.raises(ImageError, match=r"images \[N, 3, 256, 256\] here, not \[2, 3, 112, 112\]"):
        network.prepare(images[:, :, :112, :112])


def test_it_inverts_nothing(network, images):
    with pytest.raises((ImageError, LatentError)):
        encode(images, network)


def test_a_config_that_makes_no_sense():
    with pytest.raises(ValueError, match="four stages"):
        ArcFaceConfig(widths=(8, 8))
