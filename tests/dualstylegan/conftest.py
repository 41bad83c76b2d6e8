"""A DualStyleGAN of a few channels."""

import pytest
import torch

from pastiche.dualstylegan import DualStyleConfig, DualStyleGenerator
from pastiche.stylegan2 import published_channels


def build(resolution=64, seed=0, most=8, **changes):
    torch.manual_seed(seed)
    channels = published_channels(resolution, base=resolution, most=most)
    sizes = {"resolution": resolution, "channels": channels, "z_dim": 16, "w_dim": 16, "mapping_layers": 2, **changes}
    generator = DualStyleGenerator(DualStyleConfig(**sizes)).eval()
    for name, value in generator.named_parameters():
        if name.endswith(("bias", "noise.weight")):
            value.data.add_(0.3 * torch.randn_like(value))
        if name.startswith("extrinsic.res") and name.endswith("0.weight"):
            value.data.mul_(100)  # as large as they are when trained
    generator.w_avg.copy_(generator.estimate_w_avg(256))
    return generator.requires_grad_(False)


@pytest.fixture(scope="session")
def dual_generator():
    return build


@pytest.fixture(scope="session")
def generator():
    return build()


@pytest.fixture(scope="session")
def faces(generator, codes):
    return codes(generator, 2)


@pytest.fixture(scope="session")
def code(generator):
    """z+ of an exemplar."""
    return torch.randn(generator.num_layers, 16, generator=torch.Generator().manual_seed(4))
