"""Lazy regularization (StyleGAN2, Karras et al. 2020, section 3.1 and appendix B): R1 and path length, every few iterations."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ..losses.adversarial import path_lengths
from .muon import muon_or_adam

__all__ = ["MovingMean", "lazy_optimizer", "lazy_path_length"]


def lazy_optimizer(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    lr: float,
    betas: tuple[float, float],
    every: int | None,
    eps: float = 1e-8,
    *,
    muon: float = 0.0,
) -> torch.optim.Optimizer:
    """Adam for a network that a lazy regularization steps too, with the rate and betas corrected by n / (n + 1).

    Args:
        parameters: or groups of them, each with its own ``lr`` or without.
        every: n, the iterations between two steps of the regularization; None if there is none.
        muon: as for `muon_or_adam`: above 0, Muon steps the matrices.
    """
    share = 1.0 if every is None else every / (every + 1)
    optimizer = muon_or_adam(parameters, lr, (betas[0] ** share, betas[1] ** share), muon=muon, eps=eps)
    for group in optimizer.param_groups:
        group["lr"] *= share
    return optimizer


class MovingMean:
    """A moving mean of numbers, saved with a training.

    Args:
        decay: share of a new number in the mean.
    """

    def __init__(self, decay: float = 0.01) -> None:
        self.decay = decay
        self.value = 0.0

    def update(self, value: float) -> None:
        """Move the mean towards a number."""
        self.value += self.decay * (value - self.value)

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.value = float(state["value"])


def lazy_path_length(images: Tensor, w_plus: Tensor, noise: Tensor, mean: MovingMean) -> tuple[Tensor, Tensor]:
    """The path length penalty of a slice of a batch (equation 4).

    The mean is that before this iteration, so that every slice has the same; the releases let the batch have its hundredth
    part in it. `MovingMean.update` follows after the iteration with the second result.

    Args:
        images: ``[N, 3, H, W]``, made from `w_plus` ``[N, L, D]``, which requires a gradient.
        noise: standard normal, like `images`.

    Returns:
        the penalty, and the mean length.
    """
    lengths = path_lengths(images, w_plus, noise)
    return (lengths - mean.value).square().mean(), lengths.detach().mean()
