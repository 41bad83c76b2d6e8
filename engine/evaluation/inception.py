"""FID's Inception-v3, as torch-fidelity converted it from TensorFlow: only if somebody installed it and fetched its weights."""

import importlib.util
import logging
from pathlib import Path

import torch
from torch import Tensor, nn

from ..catalog import entry, find
from ..metrics.distribution import torchmetrics_of

__all__ = ["INCEPTION", "find_inception"]

log = logging.getLogger(__name__)

INCEPTION = "inception-fid"  # in the catalog


def find_inception() -> nn.Module | None:
    """The network, in evaluation mode on the CPU; None if its package or its weights are missing. Nothing is downloaded."""
    path = find(entry(INCEPTION))
    if path is None:
        return None
    if importlib.util.find_spec("torch_fidelity") is None:
        log.warning("%s is there, and the package that reads it is not: pip install torch-fidelity", path)
        return None
    return _Inception(path)


class _Inception(nn.Module):
    """Images ``[N, 3, H, W]`` in [-1, 1] to the 2,048 features before the last layer."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        made = torchmetrics_of("fid").NoTrainInceptionV3
        self.network = made("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)).requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        found: Tensor = self.network(pixels)
        return found.flatten(1)
