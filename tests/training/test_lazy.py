"""Lazy regularization, and noise from seeds."""

import pytest
import torch
from torch import nn

from pastiche.losses.adversarial import path_length_penalty, path_lengths
from pastiche.training.muon import Muon
from pastiche.training.noise import draw_seeds, seeded_maps, seeded_normal
from pastiche.training.regularize import MovingMean, lazy_optimizer, lazy_path_length

CPU = torch.device("cpu")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_adam_is_corrected_by_n_of_n_plus_one():
    group = lazy_optimizer(nn.Linear(1, 1).parameters(), 2e-3, (0.0, 0.99), 4).param_groups[0]
    assert (group["lr"], group["betas"]) == (pytest.approx(1.6e-3), (0.0, pytest.approx(0.99199, abs=1e-5)))
    group = lazy_optimizer(nn.Linear(1, 1).parameters(), 2e-3, (0.0, 0.99), 16).param_groups[0]
    assert (group["lr"], group["betas"][1]) == (pytest.approx(1.882e-3, rel=1e-3), pytest.approx(0.99059, abs=1e-5))
    assert lazy_optimizer(nn.Linear(1, 1).parameters(), 2e-3, (0.0, 0.99), None).param_groups[0]["lr"] == 2e-3


def test_muon_is_corrected_too_and_only_where_asked_for():
    wide = nn.Linear(16, 16)
    assert type(lazy_optimizer(wide.parameters(), 2e-3, (0.0, 0.99), 4)) is torch.optim.Adam
    muon = lazy_optimizer(wide.parameters(), 2e-3, (0.0, 0.99), 4, muon=0.3)
    group = muon.param_groups[0]
    assert (type(muon), group["lr"], group["share"]) == (Muon, pytest.approx(1.6e-3), 0.3)
    assert group["betas"][1] == pytest.approx(0.99199, abs=1e-5)


def test_the_lazy_path_length_is_the_papers_but_for_the_batchs_own_share():
    weight = torch.randn(3 * 8 * 8, 4 * 5, generator=rng())
    w_plus = torch.randn(6, 4, 5, generator=rng(1)).requires_grad_()
    images = (w_plus.flatten(1).square() @ weight.T).view(6, 3, 8, 8)
    noise, mean = torch.randn(images.shape, generator=rng(2)), MovingMean()
    mean.value = 0.9
    penalty, length = lazy_path_length(images, w_plus, noise, mean)
    lengths = path_lengths(images, w_plus, noise)
    assert length.item() == pytest.approx(lengths.mean().item())
    assert penalty.item() == pytest.approx((lengths - 0.9).square().mean().item(), rel=1e-5)
    wanted, updated = path_length_penalty(lengths, torch.tensor(0.9))
    assert penalty.item() == pytest.approx(wanted.item(), rel=0.05)
    mean.update(length.item())
    assert mean.value == pytest.approx(updated.item(), rel=1e-5)
    other = MovingMean()
    other.load_state_dict(mean.state_dict())
    assert other.value == mean.value


def test_an_image_has_the_noise_of_its_seed_in_any_slice():
    seeds = draw_seeds(rng(), 6)
    whole = seeded_maps(seeds, [4, 8, 8], CPU)
    part = seeded_maps(seeds[1::2], [4, 8, 8], CPU)
    assert [noise.shape for noise in whole] == [(6, 1, 4, 4), (6, 1, 8, 8), (6, 1, 8, 8)]
    assert all(some.equal(every[1::2]) for some, every in zip(part, whole, strict=True))
    many = seeded_normal(draw_seeds(rng(), 50), [1000], CPU)
    assert many.mean().abs().item() < 0.02
    assert many.std().item() == pytest.approx(1, abs=0.02)
    assert not many[0].equal(many[1])
