"""Muon: orthogonal updates for matrices, Adam's for the rest."""

import pytest
import torch

from pastiche.training.muon import Muon, orthogonalize


def parameter(*shape, seed=0):
    value = torch.nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(seed)))
    value.grad = torch.randn(shape, generator=torch.Generator().manual_seed(seed + 1))
    return value


@pytest.mark.parametrize("shape", [(24, 40), (40, 24)])
def test_singular_values_become_alike_and_their_vectors_stay(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonalize(matrix)
    assert torch.linalg.svdvals(found).sub(0.95).abs().max() < 0.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    assert (found * (u @ v)).sum() / (found.norm() * (u @ v).norm()) > 0.97


@pytest.mark.parametrize("shape", [(32, 16, 3, 3), (1, 32, 16, 3, 3), (32, 144)])
def test_matrices_and_convolutions_move_by_a_share_of_the_learning_rate(shape):
    weight = parameter(*shape)
    before, gradient = weight.detach().clone(), weight.grad.clone()
    Muon([weight], lr=0.01, share=0.2, momentum=0.0).step()
    step = before - weight.detach()
    assert 0.8 < step.square().mean().sqrt() / (0.2 * 0.01) < 1.1
    wanted = orthogonalize(gradient.reshape(32, 144)).reshape(shape)
    torch.testing.assert_close(step, wanted * 0.01 * 0.2 * 12, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("shape", [(64,), (8, 64), (1, 3, 64, 1, 1), (1,)])
def test_everything_else_is_adams(shape):
    ours, theirs = parameter(*shape), parameter(*shape)
    optimizer = Muon([ours], lr=0.01, betas=(0.5, 0.99))
    adam = torch.optim.Adam([theirs], lr=0.01, betas=(0.5, 0.99))
    for seed in range(3):
        ours.grad = theirs.grad = parameter(*shape, seed=seed).grad
        optimizer.step()
        adam.step()
    torch.testing.assert_close(ours, theirs)


def test_a_state_goes_on_to_the_bit():
    whole, part = parameter(32, 32), parameter(32, 32)
    optimizer, first = Muon([whole]), Muon([part])
    for one in (optimizer, first, optimizer):
        one.step()
    second = Muon([part])
    second.load_state_dict(first.state_dict())
    second.step()
    assert part.equal(whole)


def test_what_adam_conditions_badly_is_learned_faster():
    """A product of two matrices, of which one direction is a hundred times as steep as another."""
    rng = torch.Generator().manual_seed(0)
    steepness = torch.logspace(0, -2, 32).diag()
    wanted = torch.randn(32, 32, generator=rng)
    inputs = torch.randn(256, 32, generator=rng) @ steepness

    def learned(make):
        weight = torch.nn.Parameter(torch.zeros(32, 32))
        optimizer = make([weight])
        for _ in range(200):
            optimizer.zero_grad()
            (inputs @ (weight - wanted)).square().mean().backward()
            optimizer.step()
        return (weight - wanted).detach().square().mean()

    muon = learned(lambda weights: Muon(weights, lr=0.2, share=0.1))
    assert muon < 0.7 * learned(lambda weights: torch.optim.Adam(weights, lr=0.02, betas=(0.5, 0.99)))
