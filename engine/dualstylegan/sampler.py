"""The sampling network: new style codes for a set of exemplars (supplement; GLANN, Hoshen et al. 2019).

Two perceptrons, one for the structure rows and one for the colour rows of a z+ code. The release never takes
them out of training mode, so that each code is normalised by the statistics of the eight that are drawn with it;
its images, and those of the paper, come from there. Here the eight are always drawn together, and as
many of them given as were asked for, so that a seed gives the same codes however many are wanted.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..randomness import normal
from .config import SamplerConfig

__all__ = ["CodeSampler"]

GROUP = 8  # codes that share their statistics


class CodeNetwork(nn.Module):
    """Noise to a flat code, in the names of the release."""

    def __init__(self, config: SamplerConfig, rows: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(config.noise_dim, config.hidden, bias=False)
        self.bn1 = nn.BatchNorm1d(config.hidden)
        self.lin2 = nn.Linear(config.hidden, config.hidden, bias=False)
        self.bn2 = nn.BatchNorm1d(config.hidden)
        self.lin_out = nn.Linear(config.hidden, rows * config.w_dim, bias=False)

    def forward(self, noise: Tensor, *, kept_statistics: bool) -> Tensor:
        x = noise
        for linear, norm in ((self.lin1, self.bn1), (self.lin2, self.bn2)):
            kept = (norm.running_mean, norm.running_var) if kept_statistics else (None, None)
            x = F.relu(F.batch_norm(linear(x), *kept, norm.weight, norm.bias, training=not kept_statistics, eps=norm.eps))
        return self.lin_out(x)  # type: ignore[no-any-return]


class CodeSampler(nn.Module):
    """Draws extrinsic style codes."""

    def __init__(self, config: SamplerConfig) -> None:
        super().__init__()
        self.config = config
        self.structure = CodeNetwork(config, config.structure_rows)
        self.color = CodeNetwork(config, config.color_rows)

    def forward(self, structure: Tensor, color: Tensor, *, kept_statistics: bool = False) -> Tensor:
        """Noise ``[N, noise_dim]`` for either network to z+ codes ``[N, L, D]``. The running statistics stay as they are.

        Args:
            structure, color: standard normal; at least two rows of each, unless `kept_statistics`.
            kept_statistics: normalise by the running statistics, and not by those of the N codes, as the released code does.
        """
        rows = [
            network(noise, kept_statistics=kept_statistics).unflatten(1, (-1, self.config.w_dim))
            for network, noise in ((self.structure, structure), (self.color, color))
        ]
        return torch.cat(rows, dim=1)

    @torch.no_grad()
    def sample(self, count: int, rng: torch.Generator | None = None) -> Tensor:
        """New z+ codes ``[count, L, D]``.

        Args:
            rng: random generator; one on the CPU gives the same codes on every device.
        """
        device = self.structure.lin1.weight.device
        groups = []
        for _ in range(-(-count // GROUP)):
            noise = normal(2, GROUP, self.config.noise_dim, rng=rng, device=device)
            groups.append(self(*noise))
        return torch.cat(groups)[:count]
