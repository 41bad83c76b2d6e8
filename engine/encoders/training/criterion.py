"""How far a generated image is from the one it should be: the sum of terms that the encoders' papers share."""

import torch.nn.functional as F
from torch import Tensor

from ...images import resize
from ...training.task import Losses
from ..arcface import COLUMNS, ROWS
from ..config import IMAGE_SIZE
from .config import EncoderTraining
from .features import Identity, Perception
from .losses import cosine_loss

__all__ = ["Criterion"]


class Criterion:
    """``l2 * MSE + perceptual * LPIPS + identity * (1 - cos) + ...``, as the settings weigh them (Richardson et al. 2021, 3.3).

    Images are averaged to `EncoderTraining.side` first. A term without weight is not computed.

    Args:
        settings: the weights.
        perception: of the perceptual terms.
        identity: of the identity term; None leaves it out.
        similarity: of the similarity term; None leaves it out.
    """

    def __init__(
        self,
        settings: EncoderTraining,
        perception: Perception,
        identity: Identity | None = None,
        similarity: Identity | None = None,
    ) -> None:
        self.settings = settings
        self.perception = perception
        self.embeddings = {"identity": identity, "similarity": similarity}

    @property
    def names(self) -> str:
        """The networks whose features count, for those who read the results."""
        used = {"perceptual": self.perception, **self.embeddings}
        named = (
            f"{name}: {found.name if found else 'nothing'}" for name, found in used.items() if getattr(self.settings, name)
        )
        return ", ".join(("squared error", *named))

    def __call__(self, images: Tensor, targets: Tensor) -> Losses:
        """The weighted terms, by name.

        Args:
            images: ``[N, 3, S, S]``, generated.
            targets: ``[N, 3, 256, 256]`` in [-1, 1].
        """
        side = min(self.settings.side, images.shape[-1])
        images, targets = (resize(x.float(), side, "area") for x in (images, targets))
        losses = self._compared("", images, targets, self.settings.l2, self.settings.perceptual)
        crops = self.settings.crop_l2, self.settings.crop_perceptual
        losses |= self._compared("crop_", _face(images), _face(targets), *crops)
        for name, found in self.embeddings.items():
            weight = getattr(self.settings, name)
            if weight and found is not None:
                losses[name] = weight * cosine_loss(found.embed(images), found.embed(targets).detach())
        return losses

    def _compared(self, prefix: str, images: Tensor, targets: Tensor, l2: float, perceptual: float) -> Losses:
        losses = {}
        if l2:
            losses[f"{prefix}l2"] = l2 * F.mse_loss(images, targets)
        if perceptual:
            losses[f"{prefix}perceptual"] = perceptual * self.perception.compare(images, targets)
        return losses


def _face(images: Tensor) -> Tensor:
    """The face in aligned images of any size, where `ArcFace.prepare` cuts it out of 256 pixels."""
    share = images.shape[-1] / IMAGE_SIZE
    rows, columns = (slice(round(part.start * share), round(part.stop * share)) for part in (ROWS, COLUMNS))
    return images[:, :, rows, columns]
