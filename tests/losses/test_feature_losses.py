"""The contextual, perceptual, feature matching and identity losses, against the published functions' values."""

import json
import math

import pytest
import torch
from torch import nn

from pastiche.errors import CheckpointError
from pastiche.losses.contextual import contextual_loss
from pastiche.losses.features import cosine_loss, feature_loss, mean_feature_loss
from pastiche.losses.vgg19 import FILE, VGG19Features, find_vgg19


@pytest.fixture(scope="module")
def golden(device):
    from pathlib import Path

    from safetensors.torch import load_file

    folder = Path(__file__).parents[1] / "golden"
    assert json.loads((folder / "losses.json").read_text(encoding="utf8"))["name"] == "losses"
    return {name: tensor.to(device) for name, tensor in load_file(folder / "losses.safetensors").items()}


def maps(golden, which):
    return [golden[f"feat{layer}_{which}"] for layer in (1, 2, 3)]


def close(found, wanted):
    assert [float(value) for value in found] == pytest.approx(wanted.tolist(), rel=1e-5)


def test_contextual_loss(golden):
    x, y = golden["cx_x"], golden["cx_y"]
    close([contextual_loss(x, y, 0.2), contextual_loss(x, y, 0.5), contextual_loss(y, x, 0.2)], golden["contextual_cosine"])


def test_the_contextual_loss_ignores_places():
    x = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    moved = x.flatten(2)[:, :, torch.randperm(16, generator=torch.Generator().manual_seed(1))].view_as(x)
    assert contextual_loss(x, moved).item() == pytest.approx(contextual_loss(x, x).item(), abs=1e-6)
    assert contextual_loss(x, x).item() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_contextual_loss_is_whole_under_autocast(dtype):
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(1, 8, 6, 6, generator=rng) for _ in range(2))
    x[..., :3], y[..., :3] = 0.5, 0.5  # a flat background that both share
    gradients = []
    for enabled in (False, True):
        drawn = x.clone().requires_grad_()
        with torch.autocast("cpu", dtype, enabled=enabled):
            loss = contextual_loss(drawn, y)
        loss.backward()
        gradients.append(drawn.grad)
    assert gradients[0].isfinite().all()
    assert gradients[1].equal(gradients[0])


def test_feature_matching(golden):
    fake, real = maps(golden, "fake"), maps(golden, "real")
    each = [mean_feature_loss([a], [b]) for a, b in zip(fake, real, strict=True)]
    close([*each, mean_feature_loss(fake[1:], real[1:])], golden["fm"])


def test_perceptual_loss(golden):
    fake, real = maps(golden, "fake"), maps(golden, "real")
    each = [feature_loss([a], [b], [1.0]) for a, b in zip(fake, real, strict=True)]
    weighted = [feature_loss(fake, real, weights) for weights in ((0.5, 0.5, 0.5), (0.0, 0.5, 1.0))]
    close([*each, *weighted], golden["perceptual"])


def test_identity_loss(golden):
    fake, real = golden["id_fake"], golden["id_real"]
    close([cosine_loss(fake, real), cosine_loss(real[:2], real[1:])], golden["identity"])


def test_images_for_vgg(golden):
    assert torch.allclose(VGG19Features.normalize(golden["vgg_image"]), golden["vgg_normalized"], atol=1e-5)


def torchvision_vgg19(depths, widths):
    layers, narrow = [], 3
    for depth, wide in zip(depths, widths, strict=True):
        for _ in range(depth):
            layers += [nn.Conv2d(narrow, wide, 3, padding=1), nn.ReLU()]
            narrow = wide
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers).requires_grad_(False)


def test_the_first_features_of_each_block(relative_error):
    from pastiche.losses.vgg import VGG, VGG19

    torch.manual_seed(0)
    reference = torchvision_vgg19(VGG19, (4, 4, 8, 8, 8))
    vgg = VGG(VGG19, (4, 4, 8, 8, 8))
    vgg.load_state_dict(reference.state_dict())
    x = torch.randn(1, 3, 32, 32)
    wanted, y = [], x
    for number, layer in enumerate(reference):
        y = layer(y)
        if number in (1, 6, 11, 20, 29):  # as the release slices them
            wanted.append(y)
    for blocks in (3, 5):
        found = vgg.first(x, blocks)
        assert len(found) == blocks
        assert all(relative_error(a, b) < 1e-5 for a, b in zip(found, wanted[:blocks], strict=True))


def test_another_file_is_no_vgg19(tmp_path):
    assert find_vgg19([tmp_path]) is None
    torch.save({"features.0.weight": torch.zeros(2, 2)}, tmp_path / FILE)
    with pytest.raises(CheckpointError, match="is not torchvision's VGG-19"):
        find_vgg19([tmp_path])


def test_a_known_contextual_value():
    """Two places, two orthogonal directions: each is its own nearest neighbour, at distance 0; the other's is 1 or 2."""
    x = torch.tensor([[[[1.0, -1.0]], [[0.0, 0.0]]]])  # mean 0; unit vectors (1, 0) and (-1, 0)
    other = math.exp((1 - 2 / 1e-5) / 0.2)  # of the distance 2, relative to 0 + 1e-5
    own = math.exp(1 / 0.2)
    assert contextual_loss(x, x).item() == pytest.approx(-math.log(own / (own + other) + 1e-5), abs=1e-6)
