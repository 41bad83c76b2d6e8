"""Random numbers that are the same on every device: drawn on the CPU, then moved."""

import torch
from torch import Tensor

__all__ = ["normal", "uniform"]


def normal(*shape: int, rng: torch.Generator | None, device: torch.device) -> Tensor:
    """Standard normal float32 numbers of a shape, on `device`.

    Args:
        rng: source of randomness; PyTorch's own on the CPU if None. One on the CPU, as ``torch.Generator()`` is, gives
            the same numbers for every `device`; one on another device draws there.
    """
    return torch.randn(shape, generator=rng, device=_source(rng), dtype=torch.float32).to(device)


def uniform(*shape: int, rng: torch.Generator | None, device: torch.device) -> Tensor:
    """As `normal`, but evenly from 0 to 1."""
    return torch.rand(shape, generator=rng, device=_source(rng), dtype=torch.float32).to(device)


def _source(rng: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if rng is None else rng.device
