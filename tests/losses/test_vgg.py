"""VGG's features, against torchvision's layout built layer by layer."""

import pytest
import torch
from torch import nn

from pastiche.losses.vgg import VGG, VGG16, VGG19

# the last ReLU of each block in torchvision's numbering
TAPPED = {VGG16: (3, 8, 15, 22, 29), VGG19: (3, 8, 17, 26, 35)}


def torchvision_layout(depths, widths):
    layers, narrow = [], 3
    for depth, wide in zip(depths, widths, strict=True):
        for _ in range(depth):
            layers += [nn.Conv2d(narrow, wide, 3, padding=1), nn.ReLU()]
            narrow = wide
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def build(depths, widths, seed=0):
    torch.manual_seed(seed)
    reference = torchvision_layout(depths, widths).requires_grad_(False)
    vgg = VGG(depths, widths).requires_grad_(False)
    vgg.load_state_dict(reference.state_dict())
    return vgg, reference


def features(reference, x, tapped):
    found = []
    for number, layer in enumerate(reference):
        x = layer(x)
        if number in tapped:
            found.append(x)
    return found


@pytest.mark.parametrize("depths", [VGG16, VGG19], ids=["16", "19"])
@pytest.mark.parametrize("learning", [False, True], ids=["frozen", "learning"])
def test_features(depths, learning, relative_error):
    vgg, reference = build(depths, (4, 8, 12, 16, 8))
    images = torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(1)).requires_grad_(learning)
    found, wanted = vgg(images), features(reference, images, TAPPED[depths])
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        assert relative_error(mine, theirs) < 1e-5
    if learning:
        gradients = [torch.autograd.grad(sum(x.square().sum() for x in maps), images)[0] for maps in (found, wanted)]
        assert relative_error(*gradients) < 1e-4


def test_the_image_is_left_as_it_was():
    vgg, _ = build(VGG16, (4, 4, 4, 4, 4))
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    before = images.clone()
    first = [x.clone() for x in vgg(images)]
    assert torch.equal(images, before)
    assert all(torch.equal(a, b) for a, b in zip(vgg(images), first, strict=True))


def test_lower_precision(relative_error):
    vgg, _ = build(VGG19, (16, 16, 16, 16, 16))
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    wanted = vgg(images)
    with torch.autocast("cpu", torch.bfloat16):
        found = vgg(images)
    assert {x.dtype for x in found} == {torch.bfloat16}
    assert max(relative_error(a.float(), b) for a, b in zip(found, wanted, strict=True)) < 0.2
    with torch.autocast("cpu", torch.float16):
        assert {x.dtype for x in vgg(images)} == {torch.float32}
