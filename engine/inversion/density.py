"""Where in w the good latents are: the P-norm prior of II2S (Zhu et al. 2020, "Improved StyleGAN embedding").

The mapping network ends in a leaky ReLU of slope 0.2. Undone (slope 5 for negative values), w becomes x, which is nearly
Gaussian (space P). Its principal components, scaled to unit variance, give v (space P_N); ``|v|^2`` is small where the
generator saw many latents in training, and there it draws best.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..stylegan2 import LatentGenerator

__all__ = ["LatentDensity"]

SLOPE = 5.0
FLOOR = 1e-4  # of the largest variance: directions in which w hardly varies would outweigh all others


class LatentDensity:
    """The P_N space of a generator, estimated from random w.

    Args:
        w: random latents ``[N, D]``.
    """

    def __init__(self, w: Tensor) -> None:
        x = F.leaky_relu(w, SLOPE)
        self.mean = x.mean(dim=0)
        values, axes = torch.linalg.eigh(torch.cov(x.T))
        self.whiten = axes * values.clamp_min(FLOOR * float(values.max())).rsqrt()  # [D, D]

    @classmethod
    @torch.no_grad()
    def of(cls, generator: LatentGenerator, samples: int = 10_000, rng: torch.Generator | None = None) -> "LatentDensity":
        """The density of a generator; 10^6 samples in the paper."""
        return cls(generator.mapping(generator.sample_z(samples, rng)))

    def whitened(self, w: Tensor) -> Tensor:
        """w ``[..., D]`` to P_N."""
        v: Tensor = (F.leaky_relu(w, SLOPE) - self.mean.to(w)) @ self.whiten.to(w)
        return v

    def penalty(self, w: Tensor) -> Tensor:
        """Squared norm in P_N, averaged over all rows and divided by D: about 1 for random faces."""
        return self.whitened(w).square().mean()
