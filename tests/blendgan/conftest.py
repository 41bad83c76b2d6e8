"""Small random networks of BlendGAN's kind."""

import pytest
import torch

from pastiche.blendgan import BlendConfig, BlendGenerator, StyleEncoder, StyleEncoderConfig
from pastiche.stylegan2 import published_channels


@pytest.fixture(scope="session")
def generator():
    """8 rows of w+; in rows 0 and 5 what the face keeps lies beyond its bounds."""
    torch.manual_seed(0)
    channels = published_channels(32, base=48, most=12)
    config = BlendConfig(resolution=32, channels=channels, z_dim=16, w_dim=12, mapping_layers=2, code_dim=10, code_layers=3)
    module = BlendGenerator(config).requires_grad_(False).eval()
    for name, value in module.named_parameters():
        if name.endswith(("bias", "noise.weight")):
            value.add_(0.3 * torch.randn_like(value))
    module.add_weight.copy_(torch.tensor([-0.4, 0.1, 0.9, 0.3, 0.0, 1.6, 0.5, 0.2]).view(1, 8, 1))
    module.w_avg.copy_(module.estimate_w_avg(256))
    return module


@pytest.fixture(scope="session")
def style_encoder():
    torch.manual_seed(1)
    config = StyleEncoderConfig(widths=(4, 4, 8, 8, 8), code_dim=10, code_layers=4)
    module = StyleEncoder(config).requires_grad_(False).eval()
    for name, value in module.named_parameters():
        if name.endswith("bias"):
            value.copy_(0.3 * torch.randn_like(value))
    return module


@pytest.fixture
def draw():
    """Random numbers of a shape."""
    return lambda *shape, seed=2: torch.randn(shape, generator=torch.Generator().manual_seed(seed))
