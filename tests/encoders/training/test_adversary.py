"""The discriminator of codes and its pool."""

import pytest
import torch
from torch import nn

from pastiche.encoders.training.adversary import LatentAdversary
from pastiche.encoders.training.latent_discriminator import CodePool, LatentDiscriminator
from pastiche.losses.adversarial import discriminator_loss
from pastiche.training.task import Moment

ALWAYS, NEVER = torch.ones(1, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)


def row(value):
    return torch.full((1, 2), float(value))


def test_the_discriminator_is_the_published_perceptron():
    network = LatentDiscriminator(8)
    names = {name: list(value.shape) for name, value in network.named_parameters() if name.endswith("weight")}
    assert names == {"mlp.0.weight": [8, 8], "mlp.2.weight": [8, 8], "mlp.4.weight": [8, 8], "mlp.6.weight": [1, 8]}
    assert [module.negative_slope for module in network.mlp if isinstance(module, nn.LeakyReLU)] == [0.2] * 3
    assert network(torch.zeros(3, 5, 8)).shape == (3, 5, 1)


def test_a_pool_keeps_rows_until_it_is_full_then_exchanges_some():
    pool = CodePool(2, 2)
    place = torch.tensor([0.6])
    assert pool.exchange(row(1), ALWAYS, place).equal(row(1))
    assert pool.exchange(row(2), ALWAYS, place).equal(row(2))
    assert pool.exchange(row(3), NEVER, place).equal(row(3))
    assert pool.rows.tolist() == [[1, 1], [2, 2]]
    assert pool.exchange(row(4), ALWAYS, place).equal(row(2)), "0.6 of two places is the second"
    assert pool.rows.tolist() == [[1, 1], [4, 4]]


def test_a_pool_comes_back_from_its_state():
    pool, other = CodePool(2, 2), CodePool(2, 2)
    pool.exchange(row(1), ALWAYS, torch.zeros(1))
    other.load_state_dict(pool.state_dict())
    other.exchange(row(2), ALWAYS, torch.zeros(1))
    assert other.rows.tolist() == [[1, 1], [2, 2]]


@pytest.fixture
def adversary(generator, settings):
    codes = torch.randn(4, generator.num_layers, 16, generator=torch.Generator().manual_seed(3))

    def build(stage=7, **changes):
        return LatentAdversary(settings("e4e", **changes), generator, lambda _draw, _moment: (codes, stage)), codes

    return build


def test_r1_of_a_linear_discriminator_is_the_square_of_its_weights(adversary):
    """The gradient is the weight, so the term is gamma / 2 * every * |weight|^2."""
    found, _ = adversary(r1=10.0, r1_every=16)
    found.network = nn.Linear(16, 1)
    loss = found.phases[1].losses(found.draw(torch.Generator().manual_seed(0), 4), Moment())["r1"]
    assert loss.item() == pytest.approx(5 * 16 * found.network.weight.square().sum().item(), rel=1e-5)
    assert found.phases[1].every == 16


def test_the_game_is_between_samples_of_w_and_rows_up_to_the_stage(adversary, generator):
    found, codes = adversary(stage=2)
    draw = found.draw(torch.Generator().manual_seed(0), 4)
    loss = found.phases[0].losses(draw, Moment())["adversarial"]
    rows = (draw["row"] * 3).long()
    assert rows.max() <= 2
    real = found.network(generator.mapping(draw["real_z"]))
    assert torch.allclose(loss, discriminator_loss(real, found.network(codes[torch.arange(4), rows])))
    assert found.pool.stored == 4
    assert torch.allclose(found.generator_loss(codes, 2), nn.functional.softplus(-found.network(codes[:, :3])).mean())


def test_without_a_pool_the_first_row_is_judged(adversary, generator):
    found, codes = adversary(pool=0)
    draw = found.draw(torch.Generator().manual_seed(0), 4)
    wanted = discriminator_loss(found.network(generator.mapping(draw["real_z"])), found.network(codes[:, 0]))
    assert torch.allclose(found.phases[0].losses(draw, Moment())["adversarial"], wanted)
