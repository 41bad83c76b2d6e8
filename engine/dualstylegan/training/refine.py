"""Latent optimisation of the exemplars' extrinsic codes with the trained generator (supplement), which sharpens likeness.

z_e+ = argmin LPIPS(G(z_i+, z_e+), S) + L_CX(G(z_i+, z_e+), S)
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...losses.contextual import contextual_loss
from ...progress import Progress, silent
from ..generator import DualStyleGenerator
from .config import Refining
from .loss_networks import LossNetworks
from .search import search
from .target import Pairs

__all__ = ["refine"]


def refine(
    portraits: Tensor,
    pairs: Pairs,
    generator: DualStyleGenerator,
    loss_networks: LossNetworks,
    settings: Refining,
    *,
    contextual_side: int = 64,
    seed: int = 0,
    progress: Progress = silent,
) -> Tensor:
    """Better extrinsic codes, z+ ``[N, L, D]`` on the CPU.

    Args:
        portraits: ``[N, 3, H, W]`` at the generator's resolution, in [-1, 1].
        pairs: their codes.
        contextual_side: side of the largest feature maps that the contextual loss compares.
        seed: of the noise maps.
        progress: called after each step.
    """
    device = generator.w_avg.device
    start = pairs.extrinsic.to(device)
    if not settings.steps:
        return pairs.extrinsic
    with torch.no_grad():
        faces = generator.mapping(pairs.intrinsic.to(device))
        wanted = _reduced(loss_networks.texture(portraits)[2], contextual_side)

    def losses(_codes: Tensor, drawn: Tensor) -> dict[str, Tensor]:
        found = _reduced(loss_networks.texture(drawn)[2], contextual_side)
        each = [contextual_loss(found[[image]], wanted[[image]]) for image in range(len(found))]
        return {"distance": loss_networks.distance(drawn, portraits).sum(), "contextual": torch.stack(each).sum()}

    with torch.inference_mode(False), torch.enable_grad():
        codes, _ = search(
            start,
            seed + torch.arange(len(portraits)),
            generator,
            lambda codes, maps: generator.synthesis(faces, exstyle=generator.mapping(codes), noise=maps),
            losses,
            split=generator.config.structure_rows,
            steps=settings.steps,
            rates=lambda _: (settings.lr_structure, settings.lr_color, settings.lr_noise),
            noise_weight=settings.noise,
            progress=progress,
        )
    return codes.cpu()


def _reduced(maps: Tensor, side: int) -> Tensor:
    return F.adaptive_avg_pool2d(maps, side) if maps.shape[-1] > side else maps
