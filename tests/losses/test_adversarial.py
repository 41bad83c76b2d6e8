"""Losses between generator and discriminator, against values worked out by hand."""

from math import exp, log, sqrt

import pytest
import torch

from pastiche.losses import (
    discriminator_loss,
    generator_loss,
    hinge_discriminator_loss,
    hinge_generator_loss,
    path_length_penalty,
    path_lengths,
    r1_penalty,
)


def softplus(x):
    return log(1 + exp(x))


def test_logistic_losses():
    real, fake = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [-3.0]])
    wanted = (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2
    assert discriminator_loss(real, fake).item() == pytest.approx(wanted, rel=1e-6)
    assert generator_loss(fake).item() == pytest.approx((softplus(-0.5) + softplus(3)) / 2, rel=1e-6)


def test_an_undecided_discriminator():
    zero = torch.zeros(4, 1)
    assert discriminator_loss(zero, zero).item() == pytest.approx(2 * log(2))
    assert generator_loss(zero).item() == pytest.approx(log(2))


def test_losses_pull_in_the_right_direction():
    real, fake = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    discriminator_loss(real, fake).backward()
    assert real.grad.item() == -0.5
    assert fake.grad.item() == 0.5
    fake = torch.zeros(1, 1, requires_grad=True)
    generator_loss(fake).backward()
    assert fake.grad.item() == -0.5


def test_large_logits_stay_finite():
    large = torch.tensor([[1e4], [-1e4]])
    assert discriminator_loss(large, large).item() == pytest.approx(1e4)
    assert generator_loss(large).item() == pytest.approx(5e3)


def test_hinge_losses():
    """Real logits above 1 and fake ones below -1 have nothing left to learn; the generator always has."""
    real = torch.tensor([[2.0], [0.25]], requires_grad=True)
    fake = torch.tensor([[0.5], [-3.0]], requires_grad=True)
    loss = hinge_discriminator_loss(real, fake)
    assert loss.item() == pytest.approx((0 + 0.75) / 2 + (1.5 + 0) / 2)
    loss.backward()
    assert real.grad.flatten().tolist() == [0, -0.5]
    assert fake.grad.flatten().tolist() == [0.5, 0]
    assert hinge_generator_loss(fake).item() == pytest.approx(1.25)


def test_r1_of_a_quadratic():
    """D(x) = sum of c x^2 has the gradient 2 c x, whose square is summed over an image and averaged over images."""
    images = torch.tensor([[1.0, 2.0], [3.0, -1.0]]).view(2, 2, 1, 1).requires_grad_()
    scale = torch.tensor(0.5, requires_grad=True)
    penalty = r1_penalty((scale * images.square()).sum(dim=(1, 2, 3))[:, None], images)
    assert penalty.item() == pytest.approx(((1 + 4) + (9 + 1)) / 2)
    penalty.backward()
    assert scale.grad.item() == pytest.approx(2 * 15 / 2 / 0.5)  # the penalty grows with the square of the scale


def test_path_lengths_of_a_linear_generator():
    """Row l of w+ adds a_l w to all four pixels: the gradient in w is a_l times the mean noise of a pixel row, scaled."""
    w_plus = torch.zeros(2, 2, 1, requires_grad=True)
    slopes = torch.tensor([1.0, 3.0])
    images = (w_plus[:, :, 0] * slopes).sum(dim=1)[:, None, None, None].expand(2, 1, 2, 2)
    noise = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2)
    lengths = path_lengths(images, w_plus, noise)
    # noise is divided by sqrt(2 * 2), then summed over four pixels: 2 and 4; squares averaged over the two rows
    assert lengths.tolist() == pytest.approx([2 * sqrt((1 + 9) / 2), 4 * sqrt((1 + 9) / 2)])


def test_path_length_penalty():
    lengths = torch.tensor([1.0, 3.0], requires_grad=True)
    penalty, mean = path_length_penalty(lengths, torch.tensor(1.0), decay=0.1)
    assert mean.item() == pytest.approx(1.1)
    assert not mean.requires_grad
    assert penalty.item() == pytest.approx((0.1**2 + 1.9**2) / 2)
    penalty.backward()
    # the mean moves along with the lengths, as in the published regulariser: d mean / d length is 0.1 / 2
    pulls = [1.0 - 1.1, 3.0 - 1.1]
    wanted = [pull - 0.05 * sum(pulls) for pull in pulls]
    assert lengths.grad.tolist() == pytest.approx(wanted, rel=1e-5)
