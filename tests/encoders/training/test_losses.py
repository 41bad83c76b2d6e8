"""Losses on codes and embeddings: against published values, and closed forms."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.distributions import Normal, kl_divergence

from pastiche.encoders import EncoderConfig, PyramidEncoder
from pastiche.encoders.training import losses
from pastiche.encoders.training.stages import Stages

GOLDEN = Path(__file__).parents[2] / "golden" / "losses.safetensors"


@pytest.fixture(scope="module")
def golden():
    return load_file(GOLDEN)


@pytest.fixture
def codes():
    return torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))


def test_identity_as_published(golden):
    fake, real = golden["id_fake"], golden["id_real"]
    found = torch.stack([losses.cosine_loss(fake, real), losses.cosine_loss(real[:2], real[1:])])
    assert torch.allclose(found, golden["identity"], rtol=1e-5)


def test_the_wanted_identity_gets_no_gradient(golden):
    fake, real = (golden[name].clone().requires_grad_() for name in ("id_fake", "id_real"))
    losses.cosine_loss(fake, real).backward()
    assert real.grad is None
    assert torch.allclose(fake.grad, -real / 3)


def test_the_adversarial_loss_is_the_non_saturating_one(golden):
    found = losses.latent_adversarial(golden["logits_fake"][:, None])
    assert torch.allclose(found, golden["adversarial"][1], rtol=1e-5)


def test_the_norm_is_of_all_rows_together(codes):
    average = torch.full((5, 8), 0.3)
    wanted = sum(float((code - average).pow(2).sum()) ** 0.5 for code in codes) / 3
    assert losses.code_norm(codes, average).item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("stage", [0, 2, 4])
def test_differences_are_measured_up_to_the_stage(codes, stage):
    wanted = sum(sum(float((code[row] - code[0]).norm()) for code in codes) / 3 for row in range(1, stage + 1))
    assert losses.delta_norm(codes, stage).item() == pytest.approx(wanted, rel=1e-5)


def test_held_rows_are_what_the_published_encoder_gives_at_a_stage():
    torch.manual_seed(0)
    sizes = {"num_layers": 6, "w_dim": 8, "stem": 4, "widths": (4, 8, 8, 16), "progressive": True}
    encoder = PyramidEncoder(EncoderConfig(**sizes)).eval()
    images = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = encoder.codes(images)
        for stage in (0, 3, 5):
            assert torch.allclose(losses.hold_rows(whole, stage), encoder.codes(images, stage=stage), atol=1e-6)


def test_divergence_from_the_prior():
    rng = torch.Generator().manual_seed(1)
    mean, log_variance = (torch.randn(2, 3, 4, generator=rng) for _ in range(2))
    wanted = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).mean()
    assert torch.allclose(losses.kl_divergence(mean, log_variance), wanted, rtol=1e-5)
    assert losses.kl_divergence(torch.zeros(1, 2, 3), torch.zeros(1, 2, 3)) == 0


def test_the_published_stages():
    """18 layers: the last difference starts at iteration 52,000."""
    stages = Stages(start=20_000, every=2_000, last=17)
    assert [stages.at(iteration) for iteration in (0, 19_999, 20_000, 21_999, 22_000)] == [0, 0, 1, 1, 2]
    assert [stages.at(iteration) for iteration in (51_999, 52_000, 500_000)] == [16, 17, 17]
