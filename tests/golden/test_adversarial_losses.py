"""Adversarial losses, R1 and path lengths, with their gradients, against what rosinality/stylegan2-pytorch computes."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from pastiche.losses import discriminator_loss, generator_loss, path_length_penalty, path_lengths, r1_penalty


@pytest.fixture(scope="module")
def wanted(device):
    return {name: tensor.to(device) for name, tensor in load_file(Path(__file__).parent / "losses.safetensors").items()}


@pytest.fixture
def tiny(rule_made, device):
    """The weights of a small discriminator and a small generator, to be trained."""
    root = rule_made("losses")
    return {
        f"{net}.{key}": value.to(device).requires_grad_() for net in ("tiny_d", "tiny_g") for key, value in root[net].items()
    }


@pytest.fixture(autouse=True)
def with_gradients():
    with torch.enable_grad():
        yield


def logits_of(net, images):
    x = F.leaky_relu(F.conv2d(images, net["tiny_d.conv1.weight"], net["tiny_d.conv1.bias"], padding=1), 0.2)
    x = F.leaky_relu(F.conv2d(x, net["tiny_d.conv2.weight"], net["tiny_d.conv2.bias"], stride=2, padding=1), 0.2)
    return F.linear(x.flatten(1), net["tiny_d.fc.weight"], net["tiny_d.fc.bias"])


def close(found, number):
    torch.testing.assert_close(found.detach().float(), number.float(), rtol=1e-4, atol=1e-6)


def test_logistic_losses(tiny, wanted):
    real, fake = logits_of(tiny, wanted["images"]), logits_of(tiny, wanted["fake_images"])
    close(real, wanted["logits_real"])
    close(torch.stack([discriminator_loss(real, fake), generator_loss(fake)]), wanted["adversarial"])


def test_r1(tiny, wanted):
    images = wanted["images"].clone().requires_grad_()
    penalty = r1_penalty(logits_of(tiny, images), images)
    close(torch.stack([penalty, 10 / 2 * 16 * penalty]), wanted["r1"])
    weights = tiny["tiny_d.conv1.weight"], tiny["tiny_d.fc.weight"]
    for found, name in zip(torch.autograd.grad(10 / 2 * 16 * penalty, weights), ("conv1", "fc"), strict=True):
        close(found, wanted[f"r1_grad_{name}"])


def test_path_lengths(tiny, wanted):
    w_plus = wanted["latents"].clone().requires_grad_()
    x = torch.tanh(F.linear(w_plus, tiny["tiny_g.fc.weight"], tiny["tiny_g.fc.bias"])).flatten(1)
    images = torch.tanh(F.linear(x, tiny["tiny_g.out.weight"], tiny["tiny_g.out.bias"])).view(4, 3, 8, 8)
    lengths = path_lengths(images, w_plus, wanted["path_noise"])
    close(lengths, wanted["path_lengths"])
    found = [part for mean in wanted["mean_path_length"] for part in path_length_penalty(lengths, mean)]
    close(torch.stack(found), wanted["path"])
    (gradient,) = torch.autograd.grad(2 * 4 * found[2], tiny["tiny_g.fc.weight"])
    close(gradient, wanted["path_grad_fc"])
