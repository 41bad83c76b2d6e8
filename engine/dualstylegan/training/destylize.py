"""Facial destylization (section 3.1): a realistic face for every picture of the style, and thereby pairs to learn from.

    latent initialisation   z_e+ = E(S): the exemplar's extrinsic code
    latent optimisation     z+ = argmin LPIPS(g'(z+), S) + 0.1 L_ID + L_reg, g' a generator that was fine-tuned to the style
    image embedding         z_i+ = E(g(z+)): the face's intrinsic code

g' draws the style, so that z+ holds only what g' can't draw by itself: the person. The same z+ in g is a realistic face.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...inversion.schedule import learning_rate
from ...losses.features import cosine_loss
from ...losses.reconstruction import reconstruction_loss
from ...progress import Progress, silent
from ...stylegan2 import Generator
from ...stylegan2.layers import normalize_2nd_moment
from .config import Destylizing
from .embed import Embedding
from .loss_networks import LossNetworks
from .paired import picture_at
from .search import Found, search
from .target import Pairs

__all__ = ["destylize", "extrinsic_codes", "optimise", "read_closely", "row_spread"]

READING_LR = 0.03


def row_spread(codes: Tensor) -> Tensor:
    """L_reg: how far the rows of z+ codes ``[N, L, D]`` are from one another: their deviation, a mean over images."""
    return codes.std(dim=1).mean()


def destylize(
    portraits: Tensor,
    generator: Generator,
    tuned: Generator,
    embed: Embedding,
    loss_networks: LossNetworks,
    settings: Destylizing,
    *,
    colors_from: int,
    seed: int = 0,
    progress: Progress = silent,
) -> Pairs:
    """Find the codes of portraits.

    Args:
        portraits: ``[N, 3, H, W]`` at the generators' resolution, in [-1, 1].
        generator: g, of realistic faces.
        tuned: g', fine-tuned to the style.
        embed: E.
        colors_from: first row that keeps the portrait's own code: 8.
        seed: of the noise maps.
        progress: called after each step of the latent optimisation.

    Returns:
        intrinsic and extrinsic z+ codes ``[N, L, D]``, on the CPU.
    """
    with torch.inference_mode(False), torch.enable_grad():
        extrinsic = extrinsic_codes(portraits, generator, embed, settings, seed=seed)
        found, maps = optimise(
            portraits, extrinsic, tuned, loss_networks, settings, split=colors_from - 1, seed=seed, progress=progress
        )
    with torch.no_grad():
        realistic = _own_colors(found, extrinsic, colors_from) if settings.keep_colors else found
        faces = generator.synthesis(settings.truncation * generator.mapping(realistic), noise=maps)
    intrinsic = embed(faces, seed)
    if settings.keep_colors:
        intrinsic = _own_colors(intrinsic, extrinsic, colors_from)
    return Pairs(intrinsic.detach().cpu(), extrinsic.cpu())


def extrinsic_codes(
    portraits: Tensor, generator: Generator, embed: Embedding, settings: Destylizing, *, seed: int = 0
) -> Tensor:
    """The portraits' own z+ codes ``[N, L, D]``: E(S), and where the settings say so, brought nearer to the portraits.

    Args:
        portraits: ``[N, 3, H, W]`` in [-1, 1].
        generator: g, of realistic faces.
        embed: E.
    """
    found = embed(portraits, seed).detach().clone()
    return read_closely(portraits, found, generator, settings) if settings.reading_steps else found


def read_closely(portraits: Tensor, start: Tensor, generator: Generator, settings: Destylizing) -> Tensor:
    """z+ codes ``[N, L, D]`` whose faces have more of the portraits' colours and proportions than those of `start`.

    Not the paper's: for an encoder that was taught to read the person in a painting, and to overlook how it is painted.

    Args:
        portraits: ``[N, 3, H, W]`` in [-1, 1].
        start: z+ codes ``[N, L, D]``.
        generator: of realistic faces.
    """
    with torch.inference_mode(False), torch.enable_grad():
        side = min(settings.reading_side, generator.resolution)
        wanted = F.adaptive_avg_pool2d(portraits.clone(), side)
        codes = start.detach().clone().requires_grad_()
        optimizer = torch.optim.Adam([codes], lr=READING_LR)
        for _ in range(settings.reading_steps):
            drawn = picture_at(generator, generator.mapping(codes), side)
            (codes.grad,) = torch.autograd.grad(len(codes) * reconstruction_loss(drawn, wanted), codes)
            optimizer.step()
    return normalize_2nd_moment(codes.detach())


def optimise(
    portraits: Tensor,
    start: Tensor,
    tuned: Generator,
    loss_networks: LossNetworks,
    settings: Destylizing,
    *,
    split: int,
    seed: int = 0,
    progress: Progress = silent,
) -> Found:
    """Latent optimisation (equation 1): codes and noise maps with which the fine-tuned generator draws the portraits.

    Args:
        start: z+ codes ``[N, L, D]``.
        split: number of structure rows.
    """
    with torch.no_grad():
        persons = loss_networks.identity(portraits)

    def losses(codes: Tensor, drawn: Tensor) -> dict[str, Tensor]:
        found = {
            "distance": loss_networks.distance(drawn, portraits).sum(),
            "spread": settings.spread * len(codes) * row_spread(codes),
        }
        if settings.identity:
            found["identity"] = settings.identity * len(codes) * cosine_loss(loss_networks.identity(drawn), persons)
        return found

    return search(
        start,
        seed + torch.arange(len(portraits)),
        tuned,
        lambda codes, maps: tuned.synthesis(tuned.mapping(codes), noise=maps),
        losses,
        split=split,
        steps=settings.steps,
        rates=lambda index: (learning_rate(index, settings.steps, settings.lr),) * 3,
        noise_weight=settings.noise,
        progress=progress,
    )


def _own_colors(codes: Tensor, portraits: Tensor, colors_from: int) -> Tensor:
    return torch.cat([codes[:, :colors_from], portraits[:, colors_from:]], dim=1)
