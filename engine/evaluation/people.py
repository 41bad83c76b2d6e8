"""The faces that experiments draw, and numbers that several of them report."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..faces.landmarks import Landmarker
from ..latents import Latent
from ..metrics import found_again, landmarks_of
from ..metrics.style import style_features
from ..sheets import sheet
from ..stylegan2 import Generator, LatentGenerator

__all__ = ["grid", "moved_landmarks", "palette_difference", "people", "recognised_people"]

EYES = (slice(36, 42), slice(42, 48))  # of 68 landmarks
PALETTE = 9  # of the style features: quantiles of lightness and of two opponent colours


@torch.no_grad()
def people(generator: LatentGenerator, count: int, seed: int, psi: float = 1.0) -> Latent:
    """Random faces in w+, the same for a seed on every device."""
    z = torch.randn(count, generator.config.z_dim, generator=torch.Generator().manual_seed(seed))
    w = generator.truncate(generator.mapping(z.to(generator.w_avg.device)), psi)
    return Latent(generator.broadcast(w), "w+")


@torch.no_grad()
def drawn(generator: Generator, latent: Latent, batch: int = 8) -> Tensor:
    """Images ``[N, 3, H, W]`` in [-1, 1] on the CPU."""
    parts = [generator.synthesis(codes).clamp(-1, 1).cpu() for codes in generator.to_w_plus(latent).codes.split(batch)]
    return torch.cat(parts)


def moved_landmarks(images: Tensor, plain: Tensor, landmarker: Landmarker) -> Tensor:
    """How far landmarks lie from those of the plain faces, ``[N]``, as a mean over them in distances between the eyes."""
    found, before = landmarks_of(images, landmarker), landmarks_of(plain, landmarker)
    left, right = (before[:, eye].mean(dim=1) for eye in EYES)
    moved: Tensor = (found - before).norm(dim=2).mean(dim=1) / (left - right).norm(dim=1)
    return moved


def palette_difference(images: Tensor, plain: Tensor) -> Tensor:
    """Root mean square difference ``[N]`` of quantiles of lightness and of two opponent colours from the plain faces'."""
    found, before = (style_features(x)[:, :PALETTE] for x in (images, plain))
    return (found - before).square().mean(dim=1).sqrt()


def recognised_people(images: Tensor, plain: Tensor, landmarker: Landmarker) -> float:
    """Part of the people who are found again by their landmarks among all of them."""
    return found_again(landmarks_of(images, landmarker), landmarks_of(plain, landmarker))


def grid(rows: Sequence[Sequence[Tensor]], columns: Sequence[str], names: Sequence[str] | None = None) -> Tensor:
    """A sheet of images ``[3, H, W]`` in rows."""
    cells = [image[None].clamp(-1, 1).cpu() for row in rows for image in row]
    return sheet(cells, len(columns), column_titles=columns, row_titles=names, side=128)
