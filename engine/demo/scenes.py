"""Scenes for the face detector: painted people of many sizes, turned, before clutter that resembles faces.

A scene shows up to two people, and things that are no faces: ovals, gratings, hands, heads without features, heads
upside down.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..classes import index_of
from ..faces.detector import HIGHEST, LOWEST
from ..faces.shape import MEAN_SHAPE, Array, similarity
from ..faces.warp import inverse, warp
from ..training.degradation import Rng, clutter, degrade, fractal
from ..training.occlusion import put_hands, put_hats
from .occluded import PortraitBatch, recolour
from .recipe import Detecting

__all__ = ["Scenes", "draw_scenes"]

(BACKGROUND,) = index_of("background")
FEATURES = index_of("brows", "eyes", "lips", "mouth", "glasses", "skin")
CHUNK = 4  # scenes that are degraded alike


@dataclass(frozen=True)
class Scenes:
    """Images and where faces are.

    Attributes:
        images: ``[N, 3, S, S]`` in [-1, 1].
        boxes: ``[N, F, 4]``: x and y of the middle and the side in pixels, roll in radians (clockwise as one sees it).
        shown: ``[N, F]``: 1 where there is such a face, -1 where it is hidden too much to count either way, else 0.
    """

    images: Tensor
    boxes: Tensor
    shown: Tensor


@dataclass(frozen=True)
class _Figures:
    """People cut out of their portraits; `alpha` is ``[N, 1, H, W]``."""

    images: Tensor
    alpha: Tensor
    landmarks: Tensor


def draw_scenes(it: PortraitBatch, recipe: Detecting, rng: Rng) -> Scenes:
    """One scene for each portrait."""
    n, side = len(it.images), recipe.side
    it = recolour(it, rng)
    people = _cut_out(it, recipe, rng)
    canvas = gratings(backdrop(n, side, rng), rng)
    canvas = ovals(canvas, rng)
    decoys = _without_face(people, it, rng)
    drawn, boxes, _ = _place(canvas, _rolled(decoys, 2), recipe, rng, upside_down=0.5)
    canvas = _some(canvas, drawn, 0.3, rng)
    behind, far, _ = _place(canvas, _rolled(people, 1), recipe, rng)
    chosen_far = torch.rand(n, generator=rng) < 0.4 * recipe.faces
    canvas = torch.where(chosen_far[:, None, None, None], behind, canvas)
    front, near, _ = _place(canvas, people, recipe, rng)
    chosen_near = torch.rand(n, generator=rng) < recipe.faces
    canvas = torch.where(chosen_near[:, None, None, None], front, canvas)
    boxes = torch.stack([near, far], dim=1)
    hidden = (near[:, :2] - far[:, :2]).norm(dim=1) < 1.1 * near[:, 2] + 0.3 * far[:, 2]
    shown = torch.stack([chosen_near, chosen_far], dim=1).float()
    shown[:, 1] = torch.where(chosen_near & chosen_far & hidden, -1.0, shown[:, 1])
    images = torch.cat([degrade(part, rng) for part in canvas.clamp(-1, 1).split(CHUNK)])
    return Scenes(images, boxes, shown)


def backdrop(n: int, side: int, rng: Rng) -> Tensor:
    """Clouds and edges, from grey to vivid."""
    blank = torch.zeros(n, 3, side, side)
    canvas = clutter(blank, torch.ones(n, 1, side, side), rng)
    return torch.lerp(canvas.mean(dim=1, keepdim=True), canvas, torch.rand(n, 1, 1, 1, generator=rng))


def gratings(canvas: Tensor, rng: Rng) -> Tensor:
    """Stripes, checks and woven patterns over some."""
    n, _, _, side = canvas.shape
    axis = torch.linspace(-1, 1, side)
    pattern = torch.ones(n, 1, side, side)
    for turn in (0.0, math.pi / 2):
        angle = turn + 0.5 * torch.randn(n, 1, 1, 1, generator=rng)
        pitch = 4 + 40 * torch.rand(n, 1, 1, 1, generator=rng)
        wave = (pitch * (axis.view(1, 1, 1, -1) * angle.cos() + axis.view(1, 1, -1, 1) * angle.sin())).sin()
        used = torch.rand(n, 1, 1, 1, generator=rng) < 0.5
        pattern = torch.where(used, pattern * (4 * wave).tanh(), pattern)
    amount = 0.7 * torch.rand(n, 1, 1, 1, generator=rng) * (torch.rand(n, 1, 1, 1, generator=rng) < 0.4)
    return canvas + amount * pattern * (torch.rand(n, 3, 1, 1, generator=rng) * 2 - 1)


def ovals(canvas: Tensor, rng: Rng, *, most: int = 3) -> Tensor:
    """Balls and eggs in any colour, lit from a side: plates, fruit, lamps, heads from behind."""
    n, _, _, side = canvas.shape
    axis = torch.linspace(-1, 1, side)
    for _ in range(most):
        draw = torch.rand(n, 8, 1, 1, generator=rng)
        x, y = axis.view(1, 1, -1) - (2 * draw[:, 0] - 1), axis.view(1, -1, 1) - (2 * draw[:, 1] - 1)
        wide, angle = 0.1 + 0.5 * draw[:, 2] ** 2, math.pi * draw[:, 3]
        u = (x * angle.cos() + y * angle.sin()) / wide
        v = (y * angle.cos() - x * angle.sin()) / (wide * (0.7 + 0.8 * draw[:, 4]))
        inside = ((u * u + v * v) < 1)[:, None] & (torch.rand(n, 1, 1, 1, generator=rng) < 0.25)
        light = (1 - 0.6 * draw[:, 5] * (u * u + v * v) + 0.4 * (draw[:, 6] - 0.5) * u)[:, None]
        color = torch.rand(n, 3, 1, 1, generator=rng)
        canvas = torch.where(inside, 2 * color * light - 1, canvas)
    return canvas


def _cut_out(it: PortraitBatch, recipe: Detecting, rng: Rng) -> _Figures:
    """People, some with a hat, some behind a hand, some with the backdrop of their portrait: an image on a wall."""
    n = len(it.images)
    worn = put_hats(it.images, it.landmarks, rng, chance=recipe.hats)
    held = put_hands(worn.images, it.landmarks, rng, chance=recipe.hands)
    figure = (it.masks != BACKGROUND)[:, None] | worn.mask | held.mask
    framed = torch.rand(n, 1, 1, 1, generator=rng) < 0.25
    alpha = (figure | framed).float()
    for edge in (alpha[..., 0, :], alpha[..., 0], alpha[..., -1]):  # bodies go on below a portrait, and nothing else does
        edge.zero_()
    return _Figures(held.images, alpha, it.landmarks)


def _without_face(people: _Figures, it: PortraitBatch, rng: Rng) -> _Figures:
    """The same with blurred skin where the features were, for half of them."""
    n, _, _, side = people.images.shape
    inside = torch.isin(it.masks, torch.tensor(FEATURES, dtype=torch.uint8))[:, None]
    weight = inside.float().sum(dim=(2, 3), keepdim=True).clamp_min(1)
    mean = (people.images * inside).sum(dim=(2, 3), keepdim=True) / weight
    blank = mean + 0.15 * fractal(n, 1, side, rng, people.images.device)
    erased = inside & (torch.rand(n, 1, 1, 1, generator=rng) < 0.6)
    return _Figures(torch.where(erased, blank, people.images), people.alpha, people.landmarks)


def _rolled(people: _Figures, by: int) -> _Figures:
    return _Figures(*(value.roll(by, dims=0) for value in vars(people).values()))


def _some(canvas: Tensor, changed: Tensor, chance: float, rng: Rng) -> Tensor:
    return torch.where(torch.rand(len(canvas), 1, 1, 1, generator=rng) < chance, changed, canvas)


def _place(
    canvas: Tensor, people: _Figures, recipe: Detecting, rng: Rng, *, upside_down: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """One figure into each image.

    Returns:
        the images, the faces' boxes ``[N, 4]`` and what of the images the figures cover ``[N, 1, S, S]``.
    """
    n, side = len(canvas), recipe.side
    box = _boxes(n, recipe, rng)
    turned = torch.rand(n, generator=rng) < upside_down
    box[:, 3] = torch.where(turned, box[:, 3] + math.pi, box[:, 3])
    layers = torch.cat([people.images, people.alpha], dim=1)
    cut = []
    for layer, landmarks, row in zip(layers, people.landmarks.double().numpy(), box.double().numpy(), strict=True):
        to_portrait = similarity(MEAN_SHAPE, landmarks) @ inverse(_square(row))
        cut.append(warp(layer[None], to_portrait, side))
    placed = torch.cat(cut)
    alpha = placed[:, 3:].clamp(0, 1)
    return canvas + alpha * (placed[:, :3] - canvas), box, alpha


def _boxes(n: int, recipe: Detecting, rng: Rng) -> Tensor:
    """Middles, sides and rolls ``[N, 4]``; most of the sides that the network answers to."""
    draw = torch.rand(n, 4, generator=rng)
    low, high = math.log(recipe.smallest), math.log(recipe.largest)
    fitting = math.log(LOWEST) + (math.log(HIGHEST) - math.log(LOWEST)) * draw[:, 2]
    side = torch.where(draw[:, 3] < recipe.fitting, fitting, low + (high - low) * draw[:, 2]).exp()
    middle = recipe.side * draw[:, :2]
    roll = math.radians(recipe.turn) * torch.randn(n, generator=rng).clamp(-2.3, 2.3)
    return torch.cat([middle, side[:, None], roll[:, None]], dim=1)


def _square(row: Array) -> Array:
    """``[3, 3]`` from the box's own coordinates, -0.5 to 0.5, to pixel indices of the scene."""
    x, y, side, roll = row
    c, s = side * np.cos(roll), side * np.sin(roll)
    return np.array([[c, -s, x], [s, c, y], [0, 0, 1]])
