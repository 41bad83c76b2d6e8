"""Augmentation of painted portraits for the face networks: hats, hands, other colours and backgrounds."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..classes import index_of
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import Rng, clutter, fractal
from ..training.occlusion import put_hands, put_hats
from .data import draw_indices, painted_codes

__all__ = ["PortraitBatch", "at_size", "draw_portraits", "occlude", "recolour", "replace_background", "thicken_hair"]

BACKGROUND, HAT = index_of("background", "hat")
HAIR = index_of("hair")
REPAINTED = (("hair", "brows"), ("skin", "ears", "neck", "lips", "mouth", "eyes"), ("cloth",))


@dataclass(frozen=True)
class PortraitBatch:
    """A batch of portraits with their labels.

    Attributes:
        images: ``[N, 3, H, W]`` in [-1, 1].
        masks: uint8 ``[N, H, W]``, see `classes.CLASSES`.
        landmarks: ``[N, 68, 2]`` in pixel indices.
        index: of each portrait in its dataset.
        styled: bool ``[N]``: painted in a style.
    """

    images: Tensor
    masks: Tensor
    landmarks: Tensor
    index: Tensor
    styled: Tensor

    def to(self, device: torch.device) -> "PortraitBatch":
        return PortraitBatch(*(value.to(device) for value in vars(self).values()))


def draw_portraits(
    plain: PortraitDataset, painted: PortraitDataset, held_out: int, size: int, share: float, side: int, rng: Rng
) -> PortraitBatch:
    """Random portraits at `side` pixels.

    Args:
        plain, painted: datasets without and with painted styles; the latter may be empty.
        held_out: number of codes, from the first on, that are never drawn.
        share: fraction of portraits in painted styles.
    """
    count = round(share * size) if len(painted_codes([painted], held_out)) else 0
    parts = []
    for dataset, number in ((plain, size - count), (painted, count)):
        if number:
            chosen = torch.from_numpy(draw_indices([dataset], held_out, number, rng))
            parts.append(at_size(dataset, chosen, side))
    return PortraitBatch(*(torch.cat(values) for values in zip(*(vars(part).values() for part in parts), strict=True)))


def at_size(dataset: PortraitDataset, chosen: Tensor, side: int) -> PortraitBatch:
    """The chosen portraits of a dataset, resized to `side` pixels."""
    _, images, landmarks = dataset.batch(chosen.numpy())
    masks = torch.from_numpy(dataset.masks[chosen.numpy()])
    ratio = side / images.shape[-1]
    if ratio != 1:
        images = F.interpolate(images, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
        masks = F.interpolate(masks[:, None], size=(side, side), mode="nearest-exact")[:, 0]
    styled = torch.full((len(chosen),), dataset.kind == "styled")
    return PortraitBatch(images, masks, (landmarks + 0.5) * ratio - 0.5, chosen, styled)


def occlude(it: PortraitBatch, rng: Rng, *, hats: float, hands: float) -> PortraitBatch:
    """Some with a hat, some with a hand before the chin; the hand is background in their masks."""
    worn = put_hats(it.images, it.landmarks, rng, chance=hats)
    held = put_hands(worn.images, it.landmarks, rng, chance=hands)
    masks = it.masks.masked_fill(worn.mask[:, 0], HAT).masked_fill(held.mask[:, 0], BACKGROUND)
    return PortraitBatch(held.images, masks, it.landmarks, it.index, it.styled)


def thicken_hair(it: PortraitBatch, rng: Rng, *, chance: float) -> PortraitBatch:
    """Fuller hair on some, with an uneven outline: what lies around it becomes hair too, as curls, manes, loose strands."""
    hairy = torch.isin(it.masks, torch.tensor(HAIR, dtype=torch.uint8))[:, None].float()
    n, _, _, side = it.images.shape
    reach = 2 * round(side * (0.03 + 0.09 * float(torch.rand((), generator=rng)))) + 1
    near = F.avg_pool2d(F.avg_pool2d(hairy, reach, 1, reach // 2), reach, 1, reach // 2)
    rough = 0.3 + 0.6 * float(torch.rand((), generator=rng))
    uneven = near + 0.12 * fractal(n, 1, side, rng, it.images.device, roughness=rough)
    grown = (uneven > 0.12 + 0.3 * torch.rand(n, 1, 1, 1, generator=rng)) & (near > 0.02) & (it.masks == BACKGROUND)[:, None]
    grown = grown & (torch.rand(n, 1, 1, 1, generator=rng) < chance)
    total = hairy.sum(dim=(2, 3), keepdim=True)
    mean = (it.images * hairy).sum(dim=(2, 3), keepdim=True) / total.clamp_min(1)
    strands = streaks(fractal(n, 1, side, rng, it.images.device, roughness=0.95), rng)
    color = (mean + 1) * (0.9 + 0.25 * strands) - 1
    grown = grown & (total > 0)
    images = torch.where(grown, color.clamp(-1, 1), it.images)
    return PortraitBatch(images, it.masks.masked_fill(grown[:, 0], HAIR[0]), it.landmarks, it.index, it.styled)


def recolour(it: PortraitBatch, rng: Rng, *, chance: float = 0.6) -> PortraitBatch:
    """Hair, skin and cloth in other tones each, and with a texture of its own: strands, pores, weave.

    The painter's hair is smooth and of few colours; what a network should learn is its outline.
    """
    images = it.images
    n, _, _, side = images.shape
    for names, rough in zip(REPAINTED, (0.95, 0.8, 0.9), strict=True):
        inside = torch.isin(it.masks, torch.tensor(index_of(*names), dtype=torch.uint8))[:, None]
        chosen = torch.rand(n, 1, 1, 1, generator=rng) < chance
        gain = (0.55 * torch.randn(n, 1, 1, 1, generator=rng) + 0.12 * torch.randn(n, 3, 1, 1, generator=rng)).exp()
        lift = 0.25 * torch.rand(n, 1, 1, 1, generator=rng) ** 2
        noise = fractal(n, 1, side, rng, images.device, roughness=rough)
        noise = streaks(noise, rng) if names[0] == "hair" else noise
        amount = 0.35 * torch.rand(n, 1, 1, 1, generator=rng) ** 2
        changed = ((images + 1) * gain + lift) * (1 + amount * noise) - 1
        images = torch.where(inside & chosen, changed.clamp(-1, 1), images)
    return PortraitBatch(images, it.masks, it.landmarks, it.index, it.styled)


def streaks(noise: Tensor, rng: Rng) -> Tensor:
    """Noise ``[N, 1, H, W]`` drawn out along one direction for each image, as strands are."""
    n = len(noise)
    angle = torch.pi * torch.rand(n, generator=rng)
    stretch = 1 + 7 * torch.rand(n, generator=rng)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(n)
    rows = (cos, sin, zero), (-sin / stretch, cos / stretch, zero)
    theta = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    where = F.affine_grid(1.4 * theta.to(noise.device), list(noise.shape), align_corners=False)
    return F.grid_sample(noise, where, mode="bilinear", padding_mode="reflection", align_corners=False)


def replace_background(it: PortraitBatch, rng: Rng, *, chance: float) -> PortraitBatch:
    """Another backdrop behind some: clouds, or another portrait of the batch, enlarged and mirrored."""
    outside = (it.masks == BACKGROUND)[:, None]
    n = len(it.images)
    draw = torch.rand(n, 1, 1, 1, generator=rng)
    clouds = clutter(it.images, (outside & (draw < 0.6 * chance)).float(), rng)
    size = 0.3 + 0.5 * float(torch.rand((), generator=rng))
    others = it.images.roll(1, dims=0).flip(-1)
    side = it.images.shape[-1]
    part = max(8, round(size * side))
    top, left = (int(torch.randint(side - part + 1, (), generator=rng)) for _ in range(2))
    others = F.interpolate(others[..., top : top + part, left : left + part], size=(side, side), mode="bilinear")
    swapped = outside & (draw >= 0.6 * chance) & (draw < chance)
    return PortraitBatch(torch.where(swapped, others, clouds), it.masks, it.landmarks, it.index, it.styled)
