"""pSp's two plain variants (Richardson et al. 2021): codes from the backbone's last map alone.

Must match ``BackboneEncoderUsingLastLayerIntoW`` and ``BackboneEncoderUsingLastLayerIntoWPlus`` of
eladrich/pixel2style2pixel.
"""

import torch
from torch import Tensor, nn

from ..stylegan2.layers import EqualLinear
from .config import EncoderConfig
from .face import FaceEncoder

__all__ = ["LastLayerWEncoder", "LastLayerWPlusEncoder"]

POOLED = 7  # side of the map that W+ is read from


class LastLayerWEncoder(FaceEncoder):
    """An image to one w for all layers."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.linear = EqualLinear(config.widths[-1], config.w_dim)

    def codes(self, images: Tensor) -> Tensor:
        """``[N, D]``."""
        x = self.features(images)[-1].mean(dim=(2, 3))
        with torch.autocast(x.device.type, enabled=False):
            return self.linear(x.float())  # type: ignore[no-any-return]


class LastLayerWPlusEncoder(FaceEncoder):
    """An image to a code for each layer, all from one linear layer."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        channels, dim = config.widths[-1], config.w_dim
        self.output_layer_2 = nn.Sequential(
            nn.BatchNorm2d(channels), nn.AdaptiveAvgPool2d(POOLED), nn.Flatten(), nn.Linear(channels * POOLED**2, dim)
        )
        self.linear = EqualLinear(dim, dim * config.num_layers)

    def codes(self, images: Tensor) -> Tensor:
        """``[N, L, D]``."""
        x = self.output_layer_2(self.features(images)[-1])
        with torch.autocast(x.device.type, enabled=False):
            return self.linear(x.float()).unflatten(1, (self.num_layers, self.latent_dim))  # type: ignore[no-any-return]
