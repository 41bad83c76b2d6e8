"""Codes in w+ back to z+, through the mapping network."""

import torch
from torch import Tensor

from ..stylegan2 import Generator
from ..stylegan2.layers import normalize_2nd_moment
from .schedule import learning_rate

__all__ = ["invert_mapping"]

CANDIDATES = 4096  # random z that the search for a row's z begins with
LR = 0.1


def invert_mapping(generator: Generator, w_plus: Tensor, seed: int, *, steps: int = 200) -> Tensor:
    """The z+ ``[N, L, D]`` that the mapping network brings nearest to a w+ ``[N, L, D]``, row by row.

    Each row starts from the nearest of 4096 random z and follows the gradient of the squared distance. The mapping network
    knows no lengths of z, so the result has the length that is expected of random numbers.

    Args:
        seed: of the random z.
        steps: of Adam.
    """
    with torch.no_grad():
        candidates = generator.sample_z(CANDIDATES, torch.Generator().manual_seed(seed))
        nearest = torch.cdist(w_plus.flatten(0, 1), generator.mapping(candidates)).argmin(dim=1)
        start = candidates[nearest].unflatten(0, w_plus.shape[:2])
    with torch.inference_mode(False), torch.enable_grad():
        code, target = start.clone().requires_grad_(), w_plus.detach().clone()
        optimizer = torch.optim.Adam([code])
        for index in range(steps):
            optimizer.param_groups[0]["lr"] = learning_rate(index, steps, LR)
            loss = (generator.mapping(code) - target).square().sum()
            (code.grad,) = torch.autograd.grad(loss, code)
            optimizer.step()
    return normalize_2nd_moment(code.detach())
