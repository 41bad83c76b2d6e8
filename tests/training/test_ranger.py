"""Ranger against its formulas, written out once more in float64."""

import math

import pytest
import torch

from pastiche.training.ranger import Ranger, centralise

LR, B1, B2, EPS, EVERY, PULL = 0.02, 0.95, 0.999, 1e-5, 6, 0.5


class WrittenOut:
    """One weight matrix, step by step as in the release of pSp."""

    def __init__(self, weight):
        self.fast, self.slow = weight.double(), weight.double()
        self.m, self.v = torch.zeros_like(self.fast), torch.zeros_like(self.fast)
        self.t = 0

    def step(self, gradient):
        gradient = gradient.double()
        if gradient.ndim > 1:
            gradient = gradient - gradient.flatten(1).mean(dim=1).view(-1, *[1] * (gradient.ndim - 1))
        self.t += 1
        t = self.t
        self.m = B1 * self.m + (1 - B1) * gradient
        self.v = B2 * self.v + (1 - B2) * gradient**2
        most = 2 / (1 - B2) - 1
        n = most - 2 * t * B2**t / (1 - B2**t)
        if n > 5:
            size = math.sqrt((1 - B2**t) * (n - 4) / (most - 4) * (n - 2) / n * most / (most - 2)) / (1 - B1**t)
            self.fast = self.fast - LR * size * self.m / (self.v.sqrt() + EPS)
        else:
            self.fast = self.fast - LR * self.m / (1 - B1**t)
        if t % EVERY == 0:
            self.slow = self.slow + PULL * (self.fast - self.slow)
            self.fast = self.slow


@pytest.mark.parametrize("shape", [(7,), (4, 5), (3, 2, 3, 3)])
def test_it_follows_its_formulas(shape):
    rng = torch.Generator().manual_seed(0)
    start, target = (torch.randn(shape, generator=rng) for _ in range(2))
    weight = torch.nn.Parameter(start.clone())
    optimizer, wanted = Ranger([weight], lr=LR), WrittenOut(start)
    for _ in range(20):
        weight.grad = weight.detach() - target
        gradient = weight.grad.clone()
        optimizer.step()
        wanted.step(gradient)
        assert torch.allclose(weight.detach().double(), wanted.fast, atol=1e-5)
    assert not torch.allclose(weight.detach(), start, atol=1e-2)


def test_it_resumes_with_its_slow_weights():
    def steps(weight, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            (weight - 1).square().sum().backward()
            optimizer.step()

    whole = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
    steps(whole, Ranger([whole], lr=LR), 13)
    first = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
    optimizer = Ranger([first], lr=LR)
    steps(first, optimizer, 8)
    second = torch.nn.Parameter(first.detach().clone())
    again = Ranger([second], lr=LR)
    again.load_state_dict(optimizer.state_dict())
    steps(second, again, 5)
    assert second.equal(whole)


def test_a_centralised_gradient_has_no_mean():
    gradient = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0))
    centralise(gradient)
    assert gradient.mean(dim=(1, 2)).abs().max() < 1e-6
    bias = torch.ones(4)
    centralise(bias)
    assert bias.tolist() == [1.0] * 4


def test_a_closure_is_called():
    weight = torch.nn.Parameter(torch.ones(2, 2))
    assert Ranger([weight]).step(lambda: 3.0) == 3.0
