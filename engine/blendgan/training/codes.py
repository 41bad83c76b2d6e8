"""Pictures in their styles, and the codes of these styles."""

from typing import Protocol

import torch
from torch import Tensor

from ...stylegan2.layers import EqualLinear
from ..encoder import StyleEncoder
from .recolour import recoloured

__all__ = ["AT_ONCE", "Pictures", "TensorPictures", "spread_evenly", "style_codes", "whiten"]

AT_ONCE = 16  # pictures that are read together
LEAST_VARIANCE = 0.01  # of the mean one: directions that carry less are not blown up


class Pictures(Protocol):
    """Square pictures by number, such as a `PictureDataset`."""

    def __len__(self) -> int: ...

    def batch(self, numbers: Tensor, flips: Tensor | None = None, device: torch.device | str = "cpu") -> Tensor:
        """Pictures ``[N, 3, R, R]``, RGB in [-1, 1]; those are mirrored where `flips` ``[N]`` is true."""


class TensorPictures:
    """Pictures ``[M, 3, R, R]`` that are held in memory: a few references."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, numbers: Tensor, flips: Tensor | None = None, device: torch.device | str = "cpu") -> Tensor:
        """See `Pictures`."""
        found = self.images[numbers]
        return (found if flips is None else torch.where(flips.view(-1, 1, 1, 1), found.flip(3), found)).to(device)


def spread_evenly(total: int, count: int) -> Tensor:
    """At most `count` numbers from 0 to `total` - 1, evenly spread, ascending."""
    return torch.linspace(0, total - 1, min(count, total)).round().long()


@torch.no_grad()
def style_codes(encoder: StyleEncoder, pictures: Pictures, colors: Tensor | None = None) -> Tensor:
    """The code of every picture ``[M, D]``, on the CPU: the encoder is fixed, so each needs to be computed once.

    A mirrored picture has the same style, which the encoder has learned, and so the same code.

    Args:
        colors: maps of RGB that recolour the pictures first, ``[M, 3, 4]``.
    """
    device = next(encoder.parameters()).device

    def read(part: Tensor) -> Tensor:
        shown = pictures.batch(part, device=device)
        found: Tensor = encoder(shown if colors is None else recoloured(shown, colors[part]))
        return found.cpu()

    return torch.cat([read(part) for part in torch.arange(len(pictures)).split(AT_ONCE)])


@torch.no_grad()
def whiten(encoder: StyleEncoder, codes: Tensor) -> None:
    """Change the encoder's last layer so that codes like `codes` ``[M, D]`` have the mean 0 and the identity as covariance.

    Ours. The generator takes random styles from N(0, 1), and the latent discriminator takes codes as they are: both fit
    codes of such a distribution best. What a code tells stays the same.
    """
    last = encoder.embedder_mlp[-1]
    assert isinstance(last, EqualLinear)
    known = codes.double()
    variance, directions = torch.linalg.eigh(torch.cov(known.T, correction=0))
    kept = variance.clamp_min(LEAST_VARIANCE * float(variance.mean())).rsqrt()
    change = (directions * kept) @ directions.T
    last.bias.copy_((change @ (last.bias.double().cpu() - known.mean(dim=0))).to(last.bias))
    last.weight.copy_((change @ last.weight.double().cpu()).to(last.weight))
