"""Losses on codes and embeddings, of pSp, e4e and AgileGAN's hierarchical VAE.

Those between images are in `criterion`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["code_norm", "cosine_loss", "delta_norm", "hold_rows", "kl_divergence", "latent_adversarial"]


def cosine_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean of ``1 - cos`` over unit embeddings ``[N, E]``; the gradient flows to the first alone.

    pSp's identity loss (Richardson et al. 2021, equation 3), and with MoCo's embeddings e4e's similarity loss.
    """
    return (1 - (found * wanted.detach()).sum(dim=1)).mean()


def code_norm(codes: Tensor, average: Tensor) -> Tensor:
    """Mean over the batch of ``||codes - average||_2``, over all rows together (Richardson et al. 2021, equation 4).

    Args:
        codes: ``[N, D]`` or ``[N, L, D]``.
        average: that the norm is taken around; a shape that broadcasts.
    """
    return torch.linalg.vector_norm((codes - average).flatten(1), dim=1).mean()  # type: ignore[no-any-return]


def hold_rows(codes: Tensor, stage: int) -> Tensor:
    """Codes ``[N, L, D]`` in which every row beyond `stage` is row 0, as early in e4e's training (Tov et al. 2021, 5.1)."""
    count = codes.shape[1]
    if stage >= count - 1:
        return codes
    return torch.cat([codes[:, : stage + 1], codes[:, :1].expand(-1, count - 1 - stage, -1)], dim=1)


def delta_norm(codes: Tensor, stage: int) -> Tensor:
    """Sum over rows 1 to `stage` of the mean of ``||w_i - w_0||_2`` (Tov et al. 2021, equation 5).

    Args:
        codes: ``[N, L, D]``.
        stage: the last row that has a difference; 0 gives 0.
    """
    deltas = codes[:, 1 : stage + 1] - codes[:, :1]
    return torch.linalg.vector_norm(deltas, dim=2).mean(dim=0).sum()  # type: ignore[no-any-return]


def latent_adversarial(logits: Tensor) -> Tensor:
    """Non-saturating loss of rows that should pass for samples of w, averaged over rows and batch (equation 4).

    Args:
        logits: ``[N, rows, 1]``.
    """
    return F.softplus(-logits).mean()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """``KL(N(mean, exp(log_variance)) || N(0, 1))`` of z+ codes ``[N, L, D]``, averaged over all numbers of a code.

    Song et al. 2021, equation 4, which sums over rows and dimensions: L * D times this.
    """
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).mean()
