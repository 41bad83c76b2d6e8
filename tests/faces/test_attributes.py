"""The network that reads attributes: what it gives, and the labels that it learns from."""

import torch

from pastiche.classes import ATTRIBUTES, IDENTITY
from pastiche.demo.attributes import softened, standardized
from pastiche.faces.attributes import AttributeNet
from pastiche.synthetic.coordinates import COORDINATES, INDEX


def test_faces_of_any_size_are_read_and_the_network_is_kept(tmp_path):
    torch.manual_seed(0)
    network = AttributeNet().eval()
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        found, larger = network(images), network(images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
    assert found.shape == (2, len(ATTRIBUTES) + len(IDENTITY))
    assert torch.allclose(found, larger, atol=1e-4)
    network.save(tmp_path / "attributes.safetensors")
    assert torch.allclose(AttributeNet.load(tmp_path / "attributes.safetensors")(images), found, atol=0.02)


def test_labels_have_the_spread_of_random_portraits_and_follow_their_coordinate():
    z = torch.randn(2000, len(COORDINATES), generator=torch.Generator().manual_seed(1))
    labels = standardized(z)
    assert labels.mean(dim=0).abs().max() < 0.15
    assert (labels.std(dim=0) - 1).abs().max() < 0.15
    for name in ("smile", "age", "yaw", "pitch", "hair_length", "face_width"):
        column = (*ATTRIBUTES, *IDENTITY).index(name)
        assert torch.corrcoef(torch.stack([labels[:, column], z[:, INDEX[name]]]))[0, 1] > 0.5, name


def test_half_of_the_pictures_are_softened():
    images = torch.rand(40, 3, 16, 16, generator=torch.Generator().manual_seed(0)) - 0.5
    soft = softened(images, torch.Generator().manual_seed(0))
    sharpness = [float((part - part.mean(dim=(1, 2), keepdim=True)).std()) for part in (soft)]
    plain = [float((part - part.mean(dim=(1, 2), keepdim=True)).std()) for part in images]
    changed = sum(after < 0.97 * before for after, before in zip(sharpness, plain, strict=True))
    assert 8 < changed < 32
