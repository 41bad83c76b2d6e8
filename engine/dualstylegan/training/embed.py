"""Faces to z+ codes, E in the paper: a pSp that was retrained to give z+, and what does its work where there is none.

    an encoder to z+           as in the paper
    an encoder to w or w+      its code, brought back through the mapping network row by row
    none                       a search from the nearest of some random faces

The second and third are not the paper's; they are slower, and the log names them.
"""

import logging
from typing import Protocol

import torch
from torch import Tensor, nn

from ...inversion.invert import encode
from ...inversion.mapping import invert_mapping
from ...inversion.schedule import learning_rate
from ...stylegan2 import Generator
from ...stylegan2.layers import normalize_2nd_moment
from .draws import noise_of
from .loss_networks import LossNetworks
from .search import search

__all__ = ["Embedding", "embedding_for"]

log = logging.getLogger(__name__)

FACES = 16  # random faces that the search for a picture's z+ begins with
CHUNK = 8  # of them drawn together
LR = 0.1


class Embedding(Protocol):
    """Aligned faces ``[N, 3, H, W]`` in [-1, 1] to z+ codes ``[N, L, D]``."""

    def __call__(self, images: Tensor, seed: int) -> Tensor: ...


def embedding_for(
    generator: Generator, encoder: nn.Module | None, loss_networks: LossNetworks, split: int, steps: int = 200
) -> tuple[Embedding, str]:
    """The way to z+ that is possible, and its name for the log.

    Args:
        generator: whose codes are wanted.
        encoder: for this generator, in any space; None if there is none.
        loss_networks: compare images where there is no encoder.
        split: number of structure rows.
        steps: of Adam, for the second and third way.
    """
    if encoder is None:
        return _by_search(generator, loss_networks, split, steps), "a search in z+ (there is no encoder)"
    space = encoder.config.space if hasattr(encoder.config, "space") else "w+"
    if str(space).startswith("z"):
        return _by_encoder(generator, encoder, steps), "the encoder to z+"
    return _by_encoder(generator, encoder, steps), f"an encoder to {space}, whose codes are brought back to z+"


def _by_encoder(generator: Generator, encoder: nn.Module, steps: int) -> Embedding:
    def embed(images: Tensor, seed: int) -> Tensor:
        latent = encode(images, encoder, generator)
        if latent.space == "z+":
            return latent.codes
        if latent.space == "z":
            return generator.broadcast(latent.codes).clone()
        return invert_mapping(generator, generator.to_w_plus(latent).codes, seed, steps=steps)

    return embed


def _by_search(generator: Generator, loss_networks: LossNetworks, split: int, steps: int) -> Embedding:
    def embed(images: Tensor, seed: int) -> Tensor:
        start = _nearest_face(generator, loss_networks, images, seed)
        seeds = seed + torch.arange(len(images))
        with torch.inference_mode(False), torch.enable_grad():
            found, _ = search(
                start,
                seeds,
                generator,
                lambda codes, maps: generator.synthesis(generator.mapping(codes), noise=maps),
                lambda codes, drawn: {
                    "distance": loss_networks.distance(drawn, images).sum(),
                    "spread": codes.std(dim=1).mean(dim=1).sum(),
                },
                split=split,
                steps=steps,
                rates=lambda index: (learning_rate(index, steps, LR),) * 3,
                noise_weight=1e5,
            )
        return normalize_2nd_moment(found)

    return embed


@torch.no_grad()
def _nearest_face(generator: Generator, loss_networks: LossNetworks, images: Tensor, seed: int) -> Tensor:
    """The z+ of the random face nearest to each image."""
    z = generator.sample_z(FACES, torch.Generator().manual_seed(seed))
    noise = noise_of(generator, torch.zeros(1, dtype=torch.int64))
    parts = []
    for chunk in generator.broadcast(generator.mapping(z)).split(CHUNK):
        faces = generator.synthesis(chunk, noise=noise)
        parts.append(torch.stack([loss_networks.distance(faces, image.expand_as(faces)) for image in images], dim=1))
    distances = torch.cat(parts)  # [FACES, N]
    return generator.broadcast(z[distances.argmin(dim=0)]).clone()
