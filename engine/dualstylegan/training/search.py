"""Latent optimisation: codes in z+, and noise maps, whose images come as close as they can to given ones.

The images of a batch don't influence each other, so that a batch gives what each of its images would alone, up to rounding.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ...inversion.noise import noise_penalty, normalize_noise
from ...progress import Progress, Step, measured, silent
from ...stylegan2 import Generator
from ...training.scaling import loss_scaler
from .draws import noise_of

__all__ = ["Found", "Rates", "search"]

Found = tuple[Tensor, list[Tensor]]
"""Codes ``[N, L, D]`` and the noise maps ``[N, 1, H, H]`` of each convolution."""

Rates = Callable[[int], tuple[float, float, float]]
"""Step to the learning rates of structure rows, colour rows and noise maps."""


def search(
    start: Tensor,
    seeds: Tensor,
    generator: Generator,
    draw: Callable[[Tensor, list[Tensor]], Tensor],
    losses: Callable[[Tensor, Tensor], dict[str, Tensor]],
    *,
    split: int,
    steps: int,
    rates: Rates,
    noise_weight: float,
    progress: Progress = silent,
) -> Found:
    """Optimise codes and noise with Adam.

    Args:
        start: initial z+ codes ``[N, L, D]``.
        seeds: of the initial noise maps, ``[N]``.
        generator: whose noise maps they are.
        draw: codes and noise maps to images.
        losses: codes and images to losses, each summed over the images.
        split: number of structure rows.
        noise_weight: of the regularisation that keeps images out of the noise maps.
        progress: called after each step.

    Raises:
        TrainingError: a loss is not finite.
    """
    parts = [part.detach().clone().requires_grad_() for part in (start[:, :split], start[:, split:])]
    maps = [level.requires_grad_() for level in noise_of(generator, seeds)]
    optimizer, scaler = (
        torch.optim.Adam([{"params": group} for group in (*([part] for part in parts), maps)]),
        loss_scaler(start.device),
    )
    for index in range(steps):
        for group, rate in zip(optimizer.param_groups, rates(index), strict=True):
            group["lr"] = rate
        codes = torch.cat(parts, dim=1)
        images = draw(codes, maps)
        found = {**losses(codes, images), "noise": noise_weight * noise_penalty(maps)}
        optimizer.zero_grad()
        torch.autograd.backward(scaler.scale(torch.stack(list(found.values())).sum()), inputs=[*parts, *maps])
        scaler.step(optimizer)
        scaler.update()
        normalize_noise(maps)
        progress(Step(index=index + 1, total=steps, losses=measured(found, index), preview=images.detach))
    return torch.cat(parts, dim=1).detach(), [level.detach() for level in maps]
