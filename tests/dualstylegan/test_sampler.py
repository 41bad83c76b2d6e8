"""The sampling network."""

import pytest
import torch

from pastiche.dualstylegan import CodeSampler, DualStyle, SamplerConfig
from pastiche.latents import Latent


@pytest.fixture(scope="module")
def sampler():
    torch.manual_seed(0)
    config = SamplerConfig(structure_rows=7, color_rows=3, w_dim=16, noise_dim=12, hidden=20)
    sampler = CodeSampler(config).eval().requires_grad_(False)
    for name, value in sampler.named_buffers():
        if name.endswith(("mean", "var")):
            value.uniform_(0.5, 2)
    return sampler


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_seed_gives_the_same_codes_however_many_are_wanted(sampler):
    twenty = sampler.sample(20, rng())
    assert twenty.shape == (20, 10, 16)
    for count in (1, 2, 8, 9):
        assert torch.equal(sampler.sample(count, rng()), twenty[:count])
    assert not torch.equal(sampler.sample(1, rng(1)), twenty[:1])


def test_as_in_training_mode(sampler, relative_error):
    """What the release does, without its change of the running statistics."""
    noise = torch.randn(2, 8, 12)
    before = {name: value.clone() for name, value in sampler.state_dict().items()}
    found = sampler(*noise)
    for name, value in sampler.state_dict().items():
        assert torch.equal(value, before[name]), name
    for network, given, rows in ((sampler.structure, noise[0], found[:, :7]), (sampler.color, noise[1], found[:, 7:])):
        network.train()
        x = torch.relu(network.bn1(network.lin1(given)))
        wanted = network.lin_out(torch.relu(network.bn2(network.lin2(x))))
        network.eval()
        assert relative_error(rows.flatten(1), wanted) < 1e-5
    sampler.load_state_dict(before)


def test_with_kept_statistics_codes_do_not_depend_on_each_other(sampler, relative_error):
    noise = torch.randn(2, 5, 12)
    five = sampler(*noise, kept_statistics=True)
    assert relative_error(sampler(*noise[:, :1], kept_statistics=True), five[:1]) < 1e-5


def test_a_sampled_style(sampler, generator, faces):
    style = DualStyle(generator, sampler.sample(1, rng())[0])
    assert style(Latent(faces, "w+")).shape == (2, 3, 64, 64)
