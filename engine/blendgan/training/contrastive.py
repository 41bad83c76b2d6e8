"""Self-supervised learning of styles (Liu et al. 2021, section 3.1, after SimCLR, Chen et al. 2020).

Two views of a picture are to have codes that are alike, and unlike those of all other pictures. What a view changes is no
part of a style; see `affine`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...stylegan2.layers import EqualLinear

__all__ = ["Projector", "matched", "nt_xent"]


class Projector(nn.Sequential):
    """The head between codes ``[N, D]`` and what the loss compares; it is dropped after the training.

    Args:
        dim: D.
        layers: the paper has 2; the release's class has 4 where nothing is said.
    """

    def __init__(self, dim: int, layers: int = 2) -> None:
        hidden = [EqualLinear(dim, dim, activate=True) for _ in range(layers - 1)]
        super().__init__(*hidden, EqualLinear(dim, dim))


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """NT-Xent (equation 2): cross-entropy of finding a picture's other view among all views by cosine similarity.

    ``l_ij = -log(exp(sim(h_i, h_j) / tau) / sum over k != i of exp(sim(h_i, h_k) / tau))``, mean over all 2N ordered pairs.

    Args:
        first, second: projections ``[N, D]`` of both views.
        temperature: tau. The paper's is not known.
    """
    logits, other = _similarities(first, second)
    return F.cross_entropy(logits / temperature, other)


def matched(first: Tensor, second: Tensor) -> Tensor:
    """Share of the 2N views whose most similar view is the other one of the same picture."""
    logits, other = _similarities(first, second)
    return (logits.argmax(dim=1) == other).float().mean()


def _similarities(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine similarities ``[2N, 2N]`` without those of a view with itself, and each view's other one ``[2N]``."""
    unit = F.normalize(torch.cat([first, second]).float(), dim=1)
    views = torch.arange(len(unit), device=unit.device)
    similarities = (unit @ unit.mT).masked_fill(torch.eye(len(unit), dtype=torch.bool, device=unit.device), -torch.inf)
    return similarities, views.roll(len(first))
