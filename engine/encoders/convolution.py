"""The backbones' 3 x 3 convolution, by Winograd's method where that pays and nothing is learned."""

import torch
from torch import Tensor, nn

from ..stylegan2 import winograd
from ..stylegan2.layers import compute_dtype
from ..stylegan2.weight_cache import WeightCache

__all__ = ["Conv", "learns"]

SMALLEST = 32  # pixels; below, the transformed weights take more memory than the time they save is worth


def learns(*tensors: Tensor) -> bool:
    """Whether a gradient may be asked for."""
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


class Conv(nn.Conv2d):
    """``[N, I, H, W] -> [N, O, H / stride, W / stride]`` without bias."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self._transformed = WeightCache[Tensor]()

    def forward(self, x: Tensor) -> Tensor:
        return winograd.convolve(x, self.transformed()) if self._pays(x) else super().forward(x)

    def _pays(self, x: Tensor) -> bool:
        plain = self.stride != (1, 1) or x.shape[2] < SMALLEST or not winograd.pays(x, self.out_channels)
        # a weight that learns, or was made in inference mode, has no version to know an old transform by
        unknown = self.weight.requires_grad or self.weight.is_inference()
        return not plain and not unknown and not learns(x) and compute_dtype(x) == torch.float32

    def transformed(self) -> Tensor:
        """The weight as `winograd.convolve` takes it; made once while the weight stays what it is."""
        return self._transformed.get([self.weight], lambda: winograd.transform_weight(self.weight, torch.float32))
