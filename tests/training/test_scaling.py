"""Learning in float16, whose gradients vanish unless the loss is scaled.

A CPU convolves float16 in float32 here; the tests take that back, so that float16 is what is computed in.
"""

import pytest
import torch
from torch import nn

from pastiche.jojogan import OneShot, one_shot
from pastiche.jojogan.loss import FeatureLoss
from pastiche.latents import Latent
from pastiche.training.scaling import ScalerState, loss_scaler

CPU = torch.device("cpu")
SMALL = 1e-7  # what the mean over a picture of 1024 pixels leaves of each pixel's share


def test_a_small_loss_still_teaches():
    weight = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    with torch.autocast("cpu", torch.float16):
        scaler = loss_scaler(CPU)
    loss = SMALL / 10 * weight.half().float().sum()
    loss.backward()
    assert not weight.grad.any(), "it would not without a scale"
    optimizer.zero_grad()
    scaler.scale(SMALL / 10 * weight.half().float().sum()).backward()
    scaler.unscale_(optimizer)
    assert weight.grad.tolist() == pytest.approx([SMALL / 10] * 3, rel=1e-2)


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_elsewhere_nothing_is_scaled(dtype):
    with torch.autocast("cpu", dtype, enabled=dtype is not None):
        assert not loss_scaler(CPU).is_enabled()


def test_a_style_is_learned_in_float16_as_in_float32(monkeypatch, small_generator, small_discriminator, codes):
    generator, discriminator = small_generator(64, most=8), small_discriminator(64, most=8)
    reference = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3)) * 2 - 1
    latent, settings = Latent(codes(generator, 1), "w+"), OneShot(steps=4, lr=0.01, blocks=(3, 4))
    original = FeatureLoss.__call__
    monkeypatch.setattr(FeatureLoss, "__call__", lambda self, images, shown: SMALL * original(self, images, shown))

    def moved(style):
        pairs = zip(style.tuned.convs.parameters(), style.base.convs.parameters(), strict=True)
        return torch.cat([(after - before).flatten() for after, before in pairs])

    wanted = moved(one_shot(generator, discriminator, reference, latents=latent, settings=settings))
    for module in ("stylegan2.generator", "stylegan2.discriminator"):
        monkeypatch.setattr(f"pastiche.{module}.compute_dtype", lambda _x: torch.float16)
    with torch.autocast("cpu", torch.float16):
        found = moved(one_shot(generator, discriminator, reference, latents=latent, settings=settings))
    assert torch.cosine_similarity(found, wanted, dim=0) > 0.8


def test_a_state_of_float32_goes_on_in_float16():
    """A scaler that does nothing has an empty state, which PyTorch's refuses."""
    idle, scaler = (torch.amp.GradScaler("cpu", enabled=enabled, init_scale=8.0) for enabled in (False, True))
    ScalerState(scaler).load_state_dict(ScalerState(idle).state_dict())
    assert scaler.get_scale() == 8.0
    ScalerState(idle).load_state_dict(ScalerState(scaler).state_dict())
    other = torch.amp.GradScaler("cpu", init_scale=2.0)
    ScalerState(other).load_state_dict(ScalerState(scaler).state_dict())
    assert other.get_scale() == 8.0
