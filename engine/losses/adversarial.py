"""Losses between a generator and its discriminator (Goodfellow et al. 2014; Karras et al. 2020).

Logits are ``[N, 1]``, more meaning more real.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "discriminator_loss",
    "generator_loss",
    "hinge_discriminator_loss",
    "hinge_generator_loss",
    "path_length_penalty",
    "path_lengths",
    "r1_penalty",
]


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logistic loss: real logits up, fake logits down."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """Non-saturating loss: fake logits up."""
    return F.softplus(-fake).mean()


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss: real logits up to 1, fake logits down to -1, and no further (Lim and Ye 2017)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_generator_loss(fake: Tensor) -> Tensor:
    """The generator's side of the hinge loss: fake logits up, without bound."""
    return -fake.mean()


def r1_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """Squared gradient of the logits for real `images` ``[N, C, H, W]``, summed over each image, mean over images.

    Mescheder et al. 2018. The loss is ``gamma / 2`` times this; `images` must require a gradient.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def path_lengths(images: Tensor, w_plus: Tensor, noise: Tensor) -> Tensor:
    """How far w+ codes ``[N, L, D]`` move the images ``[N, 3, H, W]`` in the random direction `noise`: ``[N]``."""
    weighted = (images * noise / (images.shape[2] * images.shape[3]) ** 0.5).sum()
    (gradient,) = torch.autograd.grad(weighted, w_plus, create_graph=True)
    return gradient.square().sum(dim=2).mean(dim=1).sqrt()


def path_length_penalty(lengths: Tensor, mean: Tensor, decay: float = 0.01) -> tuple[Tensor, Tensor]:
    """Deviation of path lengths ``[N]`` from their moving mean (Karras et al. 2020, equation 4).

    Returns:
        the penalty, whose gradient flows through the updated mean too, and that mean, detached.
    """
    updated = mean + decay * (lengths.mean() - mean)
    return (lengths - updated).square().mean(), updated.detach()
