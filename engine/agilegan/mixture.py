"""Between generators that were fine-tuned from the same one: their parameters, interpolated.

Features or images could be interpolated as well, for twice the work and, where a path changes the shape of
a face, with two outlines. Parameters cost the mixing once, and then an image costs what it always does.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch

from ..stylegan2 import Generator

__all__ = ["mixture"]


@torch.no_grad()
def mixture(generators: Sequence[Generator], weights: Sequence[float]) -> Generator:
    """The generator whose parameters and noise maps are the weighted sum of those of `generators`.

    Args:
        generators: plain ones of the same sizes; the result is on the device of the first.
        weights: one for each, which add up to 1; where only one is not 0, its generator itself comes back.
    """
    parts = [(generator, weight) for generator, weight in zip(generators, weights, strict=True) if weight]
    if len(parts) == 1:
        return parts[0][0]
    mixed = deepcopy(parts[0][0]).requires_grad_(False)
    states = [(generator.state_dict(), weight) for generator, weight in parts]
    for name, tensor in mixed.state_dict().items():
        first, others = states[0][0][name], states[1:]
        for state, weight in others:
            tensor.add_(state[name].to(first.device) - first, alpha=weight)
    return mixed
