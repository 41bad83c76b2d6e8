"""What the training of a style starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from ...checkpoints import Checkpoint
from ...encoders import ArcFace
from ...errors import TrainingError
from ...stylegan2 import Discriminator, Generator
from ...training.data import PictureDataset
from .paired import Paintings

__all__ = ["Start"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a training starts from.

    Attributes:
        checkpoint: a StyleGAN2 with its discriminator, and its encoder if there is one; or a DualStyleGAN after structure
            transfer, whose extrinsic path then is not trained on faces again.
        encoder: for the checkpoint's generator, if not the one in it.
        pictures: aligned portraits in the style, of the generator's resolution.
        faces: pictures like those that the generator was trained on; None for faces that it draws.
        arcface: identity network; None for a stand-in.
        people: z+ codes ``[E, L, D]`` of the pictures' people where they are known, which then are not searched for.
        paintings: paired portraits; None where there are none.
        folders: to search for the published weights of LPIPS and VGG-19.
    """

    checkpoint: Checkpoint
    pictures: PictureDataset
    encoder: nn.Module | None = None
    faces: PictureDataset | None = None
    arcface: ArcFace | None = None
    people: Tensor | None = None
    paintings: Paintings | None = None
    folders: Sequence[Path] = ()

    def pair(self) -> tuple[Generator, Discriminator]:
        """The generator and the discriminator that was trained with it.

        Raises:
            TrainingError: the checkpoint lacks one, or they don't belong together.
        """
        source = self.checkpoint.source
        generator, discriminator = self.checkpoint.stylegan2, self.checkpoint.discriminator
        if not isinstance(discriminator, Discriminator):
            raise TrainingError(
                f"{source} holds no discriminator, which DualStyleGAN's training starts from: give a checkpoint with "
                'the discriminator of its generator, such as "d" in stylegan2-ffhq-config-f.pt'
            )
        if discriminator.resolution != generator.resolution:
            raise TrainingError(
                f"{source}: its discriminator works at {discriminator.resolution} pixels and its generator at "
                f"{generator.resolution}: give the pair that was trained together"
            )
        return generator, discriminator
