"""The input of the synthesis network: Fourier features that w rotates and translates (Karras et al. 2021, section 3.2)."""

from math import pi, sqrt

import torch
from torch import Tensor, nn

from ..stylegan2.layers import EqualLinear

__all__ = ["FourierInput"]


class FourierInput(nn.Module):
    """Sine waves of fixed frequencies, sampled on a grid larger than the image and mixed by a learned matrix.

    Args:
        channels: number of waves, and of output channels.
        size: side of the grid.
        rate: samples per side of the image.
        bandwidth: highest frequency.
        w_dim: dimensions of w.

    Attributes:
        transform: ``[3, 3]``, the inverse of the transform to apply to the image.
    """

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, channels: int, size: int, rate: int, bandwidth: float, w_dim: int) -> None:
        super().__init__()
        self.size, self.rate, self.bandwidth = size, rate, bandwidth
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.affine = EqualLinear(w_dim, 4)
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias[0] = 1
        freqs = torch.randn(channels, 2)
        radius = freqs.norm(dim=1, keepdim=True)
        # uniform over a disc, by mapping the Gaussian's radius through its distribution function
        self.register_buffer("freqs", freqs / radius * (1 - (-radius.square() / 2).exp()).sqrt() * bandwidth)
        self.register_buffer("phases", torch.rand(channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))

    def forward(self, w: Tensor, transform: Tensor | None = None) -> Tensor:
        """Compute the Fourier features.

        Args:
            w: ``[N, D]``.
            transform: ``[3, 3]`` or ``[N, 3, 3]``, instead of this module's own.

        Returns:
            float32 ``[N, C, size, size]``, channels last.
        """
        given = self.transform if transform is None else transform.to(w)
        total = self._learned(w) @ given  # [N, 3, 3]
        phases = self.phases + (self.freqs @ total[:, :2, 2:]).squeeze(2)  # [N, C]
        freqs = self.freqs @ total[:, :2, :2]  # [N, C, 2]
        excess = (freqs.norm(dim=2) - self.bandwidth) / (self.rate / 2 - self.bandwidth)
        amplitudes = (1 - excess).clamp(0, 1)
        place = (torch.arange(self.size, device=w.device) + 0.5 - self.size / 2) / self.rate
        turns = _along(freqs[..., 0], place)[:, None] + _along(freqs[..., 1], place)[:, :, None] + phases[:, None, None]
        waves = (2 * pi * turns).sin() * amplitudes[:, None, None]  # [N, H, W, C]
        mixed: Tensor = waves @ (self.weight.T / sqrt(len(self.weight)))
        return mixed.permute(0, 3, 1, 2)

    def _learned(self, w: Tensor) -> Tensor:
        """The inverse of the rotation and translation that w predicts, ``[N, 3, 3]``."""
        t = self.affine(w)
        c, s, x, y = (t / t[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        zero, one = torch.zeros_like(c), torch.ones_like(c)
        rotation = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], dim=1).view(-1, 3, 3)
        translation = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], dim=1).view(-1, 3, 3)
        return rotation @ translation


def _along(freqs: Tensor, place: Tensor) -> Tensor:
    """Phase of each wave along an axis, in turns: ``[N, C]`` and ``[S]`` to ``[N, S, C]``."""
    return freqs[:, None] * place[:, None]
