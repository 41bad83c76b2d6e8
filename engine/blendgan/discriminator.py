"""BlendGAN's three discriminators (Liu et al. 2021, section 3.3).

Face and style discriminator are StyleGAN2's. The third sees whether an image has the style that a code
says, by projection (Miyato and Koyama 2018).
"""

import torch
from torch import Tensor

from ..errors import StyleError
from ..stylegan2 import Discriminator
from ..stylegan2.layers import EqualLinear
from .config import ProjectionConfig

__all__ = ["BlendDiscriminator", "ProjectionDiscriminator"]


class ProjectionDiscriminator(Discriminator):
    """Images and style codes to logits: ``l_out(h) + l_style(z_s) . h``, with h the features summed over all positions.

    Must match the class of this name in onion-liu/BlendGAN, whose parameter names it has.
    """

    config: ProjectionConfig

    def __init__(self, config: ProjectionConfig) -> None:
        super().__init__(config)
        del self.final_linear  # the two layers below take its place
        self.l_out = EqualLinear(config.channels[4], 1)
        self.l_style = EqualLinear(config.code_dim, config.channels[4])

    def forward(self, images: Tensor, style_codes: Tensor) -> Tensor:  # type: ignore[override]  # one more input
        """Logits ``[N, 1]`` float32 for images ``[N, 3, H, W]`` in [-1, 1] and the style encoder's codes ``[N, D]``.

        Raises:
            ValueError: the images are of another size, or the batch can't be split into groups.
            StyleError: the codes have another shape.
        """
        return self.conditional_score(self.read(images), style_codes)

    def read(self, images: Tensor) -> Tensor:
        """What is scored of images, h ``[N, C]`` float32; a batch is seen as one.

        Raises:
            ValueError: as `forward`.
        """
        features = self.final_features(self.features(images, [len(self.convs) - 1])[0])
        return features.sum(dim=(2, 3))  # [N, C]

    def conditional_score(self, h: Tensor, style_codes: Tensor) -> Tensor:
        """Logits ``[N, 1]`` for what `read` gave and for style codes ``[N, D]``.

        Raises:
            StyleError: as `forward`.
        """
        wanted = [len(h), self.config.code_dim]
        if list(style_codes.shape) != wanted:
            raise StyleError(f"this discriminator takes a style code for each image, {wanted}, not {list(style_codes.shape)}")
        with torch.autocast(h.device.type, enabled=False):
            projection = (self.l_style(style_codes.float()) * h).sum(dim=1, keepdim=True)
            return self.l_out(h) + projection  # type: ignore[no-any-return]


class BlendDiscriminator(Discriminator):
    """The face discriminator, and beside it the two others that BlendGAN is trained with.

    Attributes:
        style: tells painted faces from stylized ones.
        latent: tells whether an image has the style of a code.
    """

    config: ProjectionConfig

    def __init__(self, config: ProjectionConfig) -> None:
        super().__init__(config)
        self.style = Discriminator(config)
        self.latent = ProjectionDiscriminator(config)
