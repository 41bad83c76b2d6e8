"""What is made of weights, and when it is made anew."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from pastiche.stylegan2.weight_cache import WeightCache


class Owner(nn.Module):
    def __init__(self, shape=(4, 3, 3, 3)):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape), requires_grad=False)
        self.cache = WeightCache()
        self.made = 0

    def use(self, *facts):
        self.made += 1
        return self.cache.get([self.weight], lambda: self.weight * 2, *facts)


@pytest.fixture
def owner():
    torch.manual_seed(0)
    return Owner()


def test_it_is_made_once(owner):
    assert owner.use("a") is owner.use("a")


def test_other_facts_need_another(owner):
    assert owner.use("a") is not owner.use("b")


@pytest.mark.parametrize("shape", [(4, 3, 3, 3), (1, 4, 3, 3, 3), (4, 3), (4,), ()])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_change_of_one_number_shows(shape, layout):
    owner = Owner(shape)
    if len(shape) == 4:
        owner = owner.to(memory_format=layout)
    owner.use()
    owner.weight.data.view(-1)[-1:].add_(1e-3) if layout == torch.contiguous_format or len(shape) != 4 else owner.weight.data[
        -1, -1, -1, -1
    ].add_(1e-3)
    assert torch.equal(owner.use(), owner.weight * 2)


@pytest.mark.parametrize("change", [torch.neg, lambda w: w.flip(-1), lambda w: w.roll(1, 0), lambda w: w.transpose(-1, -2)])
def test_a_change_that_keeps_every_number_shows(owner, change):
    """Mirrored kernels tell NVlabs' weights from rosinality's; sums and norms of a weight would not notice."""
    owner.use()
    owner.weight.data.copy_(change(owner.weight).clone())
    assert torch.equal(owner.use(), owner.weight * 2)


def test_it_does_not_outlive_a_move(owner):
    owner.use()
    nn.Sequential(owner).to(torch.float64)
    assert owner.cache._entry is None


def test_nothing_is_cached_on_another_device(owner, second_device):
    owner.to(second_device)
    assert owner.use().device.type == second_device.type
    assert owner.cache._entry is None


def test_nothing_is_cached_of_what_learns(owner):
    owner.use()
    owner.requires_grad_(True)
    assert owner.use() is not owner.use()
    assert owner.cache._entry is None


def test_a_copy_begins_empty(owner):
    owner.use()
    copy = deepcopy(owner)
    assert copy.cache._entry is None
    assert torch.equal(copy.use(), owner.use())


def test_it_has_no_state_of_its_own(owner):
    owner.use()
    assert list(owner.state_dict()) == ["weight"]
