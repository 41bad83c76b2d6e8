"""Adaptive augmentation of what the discriminators see (Karras et al. 2020b): of faces, and of pictures in styles.

The two sets are overfitted at different speeds, so each has a probability of its own. The style discriminator and the
latent one see the same pictures.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...training.augment import PIPELINES, AdaptiveAugment, Augment, Strengths
from ...training.task import Draw, Moment, Stateful
from .config import BlendTraining

__all__ = ["Augmentation"]

KINDS = ("face", "style")
USES = ("critics_real", "critics_fake", "faces_fake", "r1_real")

Both = tuple[Tensor, Tensor]


class Augmentation:
    """The augmentation of both sets.

    Args:
        settings: of the training.
    """

    def __init__(self, settings: BlendTraining) -> None:
        strengths = Strengths() if settings.augment == "none" else PIPELINES[settings.augment]
        self._sets = {
            kind: AdaptiveAugment(
                Augment(strengths),
                target=settings.augment_target,
                images=settings.augment_images,
                fixed=settings.augment == "none",
            )
            for kind in KINDS
        }

    @property
    def states(self) -> dict[str, Stateful]:
        """What a saved training keeps."""
        return {f"augment {kind}": found for kind, found in self._sets.items()}

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """The random numbers of a batch."""
        return {f"augment_{use}_{kind}": found.draw(rng, count) for use in USES for kind, found in self._sets.items()}

    def reals(self, images: Both, draw: Draw, prefix: str) -> Both:
        """Real faces and pictures ``[N, 3, H, W]`` each, as they are seen in `critics_` or `r1_`."""
        return self._apply(images, draw, f"{prefix}real")

    def fakes(self, images: Both, draw: Draw, prefix: str) -> Both:
        """Generated natural and stylized faces ``[N, 3, H, W]`` each, as they are seen in `critics_` or `faces_`."""
        return self._apply(images, draw, f"{prefix}fake")

    def _apply(self, images: Both, draw: Draw, use: str) -> Both:
        pairs = zip(self._sets.items(), images, strict=True)
        face, style = (found.apply(given, draw[f"augment_{use}_{kind}"]) for (kind, found), given in pairs)
        return face, style

    def adjust(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Follow how sure the discriminators are of real pictures."""
        for kind, found in self._sets.items():
            if (sign := losses.get(f"critics/{kind}_sign")) is not None:
                found.adjust(sign, moment.seen // moment.iteration)
