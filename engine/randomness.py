"""Random numbers that are the same on every device: they are drawn on the CPU, then moved."""

import torch
from torch import Tensor

__all__ = ["normal", "uniform"]


def normal(*shape: int, rng: torch.Generator | None, device: torch.device) -> Tensor:
    """Standard normal float32 numbers on `device`.

    Args:
        rng: the random generator; PyTorch's default on the CPU if None. A CPU generator, such as ``torch.Generator()``,
            gives the same numbers for every `device`. A generator on another device draws there.
    """
    return torch.randn(shape, generator=rng, device=_source(rng), dtype=torch.float32).to(device)


def uniform(*shape: int, rng: torch.Generator | None, device: torch.device) -> Tensor:
    """As `normal`, but uniform in [0, 1)."""
    return torch.rand(shape, generator=rng, device=_source(rng), dtype=torch.float32).to(device)


def _source(rng: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if rng is None else rng.device
