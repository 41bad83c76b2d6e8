"""Time and memory of latent optimisation, from one step of it for one picture."""

import time
from dataclasses import replace

import torch
from torch import Tensor

from ...stylegan2 import Generator
from ...training.rehearsal import Estimate
from .config import Destylizing, structure_rows_of
from .destylize import optimise
from .loss_networks import LossNetworks

__all__ = ["in_all", "one_step"]


def one_step(
    portrait: Tensor, code: Tensor, generator: Generator, loss_networks: LossNetworks, settings: Destylizing
) -> tuple[float, int]:
    """Seconds of a step, and bytes of what autograd keeps in it: at most so much memory.

    Args:
        portrait: ``[1, 3, H, W]``.
        code: z+ ``[1, L, D]``.
    """
    kept: list[int] = []

    def count(tensor: Tensor) -> Tensor:
        kept.append(tensor.nbytes)
        return tensor

    begun = time.perf_counter()
    hooks = torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor)
    with torch.inference_mode(False), torch.enable_grad(), hooks:
        split = structure_rows_of(generator.num_layers)
        optimise(portrait, code, generator.to(portrait.device), loss_networks, replace(settings, steps=1), split=split)
    return time.perf_counter() - begun, sum(kept)


def in_all(
    step: tuple[float, int], generator: Generator, loss_networks: LossNetworks, steps: int, count: int, batch: int
) -> Estimate:
    """An estimate for `count` pictures of so many steps each, `batch` at a time, from that of `one_step`."""
    seconds, kept = step
    weights = sum(value.nbytes for network in (generator, loss_networks.networks) for value in network.parameters())
    return Estimate(seconds=seconds * steps * count, memory=weights + kept * min(batch, count), measured=False)
