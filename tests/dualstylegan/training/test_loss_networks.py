"""Which networks compare pictures, and that all of them answer alike."""

import pytest
import torch

from pastiche.dualstylegan.training import loss_networks as module
from pastiche.encoders import ArcFace, ArcFaceConfig
from pastiche.losses.perceptual_net import PerceptualConfig, PerceptualNet
from pastiche.losses.vgg19 import VGG19Features


@pytest.fixture
def shown():
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(params=["published", "own", "discriminator"])
def found(request, monkeypatch, base, shown):
    torch.manual_seed(0)
    own = PerceptualNet(PerceptualConfig(widths=(4, 8, 8))) if request.param == "own" else None
    monkeypatch.setattr(module, "bundled_perceptual", lambda: own)
    published = request.param == "published"
    monkeypatch.setattr(module, "find_vgg19", lambda _: VGG19Features((1, 1, 1, 1, 1)) if published else None)
    arcface = ArcFace(ArcFaceConfig(stem=4, widths=(4, 4, 8, 8))).eval() if published else None
    return request.param, module.find_loss_networks(base[1], shown, arcface=arcface)


def test_all_loss_networks_answer_alike(found, shown, base):
    which, loss_networks = found
    maps = loss_networks.texture(shown)
    assert [list(x.shape[-2:]) for x in maps] == [[16, 16], [8, 8], [4, 4]]
    if which != "published":
        assert all(x.square().mean().item() == pytest.approx(1, rel=1e-3) for x in maps)
    people = loss_networks.identity(shown)
    assert people.norm(dim=1).tolist() == pytest.approx([1, 1], rel=1e-4)
    assert loss_networks.distance(shown, shown).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert (loss_networks.distance(shown, -shown) > 0).all()
    words = {"published": "VGG-19", "own": "our perceptual network", "discriminator": "the discriminator"}[which]
    assert loss_networks.names["texture"].startswith(words)
    assert not any(parameter.requires_grad for parameter in loss_networks.networks.parameters())
    assert loss_networks.networks["discriminator"] is not base[1]


def test_large_pictures_are_compared_at_256_pixels():
    assert module.seen(torch.zeros(1, 3, 512, 512)).shape[-1] == 256
    assert module.seen(torch.zeros(1, 3, 64, 64)).shape[-1] == 64
