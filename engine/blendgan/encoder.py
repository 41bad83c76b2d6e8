"""BlendGAN's style encoder (Liu et al. 2021, section 3.1): an image to the code of its style.

    image -> VGG19 -> five Gram matrices -> 610,304 numbers -> four fully connected layers -> z_s

Must match ``StyleEncoder`` of onion-liu/BlendGAN, whose parameter names it has. The image goes into VGG
as it is, in [-1, 1], without the mean and spread of ImageNet.

The first layer's weight is 1.25 GB in float32, most of the whole model: it is read once for each call, in
the precision that it is kept in, and never copied, scaled or transposed.

A compact encoder, ours, has the same parts in a hundredth of the size: the perceptual network in VGG's place, each pair
of channels once, and square roots, standardized, instead of the entries themselves, whose range is wide.
"""

from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ImageError
from ..losses.perceptual_net import PerceptualConfig, PerceptualNet
from ..losses.vgg import VGG, VGG19
from ..stylegan2.layers import GAIN, SLOPE, EqualLinear
from .config import StyleEncoderConfig

__all__ = ["StyleEmbedder", "StyleEncoder", "gram"]

FAINT = 1e-4  # added below a square root, whose gradient at 0 is infinite


def gram(features: Tensor) -> Tensor:
    """Gram matrix of features ``[N, C, H, W]``: how channels go together, ``F F^T / (C H W)``, flat float32 ``[N, C * C]``."""
    flat = features.float().flatten(2)  # [N, C, H * W]
    return (flat @ flat.mT).flatten(1) / prod(features.shape[1:])


class FeatureExtractor(nn.Module):
    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.vgg_layers = VGG(VGG19, config.widths)


def prepared(images: Tensor, side: int) -> Tensor:
    """Images ``[N, 3, H, W]`` at the size that the backbone looks at, ``[N, 3, side, side]``.

    Raises:
        ImageError: the images are not RGB.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ImageError(f"a style is read from RGB images [N, 3, H, W], not {list(images.shape)}")
    return images if images.shape[2:] == (side, side) else F.adaptive_avg_pool2d(images, side)


class StyleEmbedder(nn.Module):
    """Images to the Gram matrices of VGG19's five blocks: relu1_2, relu2_2, relu3_4, relu4_4, relu5_4."""

    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.feature_extractor = FeatureExtractor(config)
        self.side = config.side

    @property
    def backbone(self) -> VGG:
        """What the features come from."""
        return self.feature_extractor.vgg_layers

    def forward(self, images: Tensor) -> Tensor:
        """``[N, 3, H, W]``, RGB in [-1, 1], of any size, to float32 ``[N, gram_dim]``: rows first, block after block.

        Raises:
            ImageError: the images are not RGB.
        """
        features = self.backbone(prepared(images, self.side))
        with torch.autocast(images.device.type, enabled=False):
            return torch.cat([gram(block) for block in features], dim=1)


class CompactEmbedder(nn.Module):
    """Images to standardized square roots of the Gram matrices of a small network.

    Attributes:
        backbone: what the features come from.
        mean, spread: of the square roots over the pictures that the encoder was trained on, ``[gram_dim]``.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.backbone = PerceptualNet(PerceptualConfig(widths=config.widths))
        self.side = config.side
        self.register_buffer("mean", torch.zeros(config.gram_dim))
        self.register_buffer("spread", torch.ones(config.gram_dim))

    def roots(self, images: Tensor) -> Tensor:
        """Square roots of the upper triangles of ``F F^T / (H W)``, block after block, float32 ``[N, gram_dim]``.

        Raises:
            ImageError: the images are not RGB.
        """
        shown = prepared(images, self.side).contiguous(memory_format=torch.channels_last)  # a CPU learns half again as fast
        blocks = self.backbone.activations(shown)
        with torch.autocast(images.device.type, enabled=False):
            return torch.cat([self._root(block.float()) for block in blocks], dim=1)

    @staticmethod
    def _root(block: Tensor) -> Tensor:
        wide = block.shape[1]
        rows, columns = torch.triu_indices(wide, wide, device=block.device)
        square = gram(block).view(-1, wide, wide) * wide
        return (square[:, rows, columns] + FAINT).sqrt()

    @torch.no_grad()
    def standardize(self, roots: Tensor) -> None:
        """Take mean and spread from the square roots of many pictures, ``[N, gram_dim]``."""
        self.mean.copy_(roots.mean(dim=0))
        self.spread.copy_(roots.std(dim=0, correction=0).clamp_min(FAINT**0.5))

    def forward(self, images: Tensor) -> Tensor:
        """``[N, 3, H, W]``, RGB in [-1, 1], of any size, to float32 ``[N, gram_dim]``.

        Raises:
            ImageError: the images are not RGB.
        """
        return (self.roots(images) - self.mean) / self.spread


class GramLinear(EqualLinear):
    """The fully connected layer whose weight is larger than everything else: 512 numbers are scaled, and not 312 million."""

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x.to(self.weight.dtype), self.weight).float() * self.scale + self.bias.float()
        return F.leaky_relu(y, SLOPE) * GAIN


class StyleEncoder(nn.Module):
    """Images of any size to style codes z_s ``[N, D]``."""

    def __init__(self, config: StyleEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embedder: StyleEmbedder | CompactEmbedder = (
            CompactEmbedder(config) if config.backbone == "compact" else StyleEmbedder(config)
        )
        dim, hidden = config.code_dim, config.code_layers - 2
        self.embedder_mlp = nn.Sequential(
            GramLinear(config.gram_dim, dim),
            *(EqualLinear(dim, dim, activate=True) for _ in range(hidden)),
            EqualLinear(dim, dim),
        )

    @property
    def code_dim(self) -> int:
        """D, the dimensions of a style code."""
        return self.config.code_dim

    def forward(self, images: Tensor) -> Tensor:
        """``[N, 3, H, W]``, RGB in [-1, 1], to z_s, float32 ``[N, D]``.

        Under ``torch.autocast`` the backbone runs in its precision; Gram matrices and what follows stay as they are.

        Raises:
            ImageError: the images are not RGB.
        """
        grams = self.embedder(images)
        with torch.autocast(images.device.type, enabled=False):
            return self.embedder_mlp(grams)  # type: ignore[no-any-return]
