"""Small StyleGAN3 generators whose images have some contrast."""

import pytest
import torch

from pastiche.stylegan3 import Generator3, Generator3Config


@pytest.fixture(scope="session")
def small_stylegan3():
    """A generator of the configuration "t" or "r", with random weights."""

    def make(configuration="t", resolution=32, seed=0, width=8):
        torch.manual_seed(seed)
        radial = configuration == "r"
        config = Generator3Config(
            resolution=resolution,
            channels=(width,) * 14,
            z_dim=8,
            w_dim=12,
            kernel_size=1 if radial else 3,
            radial_filters=radial,
        )
        generator = Generator3(config).eval().requires_grad_(False)
        for name, parameter in generator.named_parameters():
            if name.endswith("bias") and "modulation" not in name and "affine" not in name and "style" not in name:
                parameter.normal_(std=0.1)
        generator.w_avg.normal_(std=0.1)
        for layer in [*generator.layers, generator.to_rgb]:
            layer.magnitude_ema.uniform_(0.5, 1.0)
        return generator

    return make
