"""Training of the small landmark network: from a crop around a face to its 68 points."""

from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from ..faces.landmark_net import INPUT, LandmarkNet
from ..faces.landmarks import frame
from ..faces.shape import MIRROR, Array
from ..faces.warp import apply, inverse, warp
from ..progress import Progress, Step, measured
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import degrade
from ..training.ema import update_average
from ..training.state import TrainingState
from .generator import average_decay
from .occluded import draw_portraits, occlude, recolour, replace_background
from .recipe import Landmarking
from .run import Run

__all__ = ["learn_landmarks"]

FLOOR = 0.01  # of the spread, in crops: below it the likelihood would reward certainty alone


def learn_landmarks(
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Landmarking,
    progress: Progress,
) -> LandmarkNet:
    """Train the landmark network on degraded crops of portraits, plain and in painted styles, some with hats and hands.

    Returns:
        the moving average of the network.
    """
    rng = torch.Generator().manual_seed(4)
    torch.manual_seed(4)
    model = LandmarkNet().to(run.device)
    average = deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.01)
    state = TrainingState(run.folder / "landmarks.pt", {"model": model, "average": average, "optimizer": optimizer}, rng)
    seen = state.restore()
    while seen < recipe.images:
        crops, wanted = (part.to(run.device) for part in examples(plain, painted, run.held_out, recipe, rng))
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * min(1.0, seen / 2000 + 0.01, 2.0 * (1 - seen / recipe.images) + 0.01)
        points, spread = model(crops)
        spread = spread.clamp_min(FLOOR)
        square = (points - wanted).square().sum(dim=-1)  # [N, 68], in crops
        losses = {"likelihood": (square / spread.square() + 2 * spread.log()).mean(), "distance": square.sqrt().mean()}
        optimizer.zero_grad()
        torch.autograd.backward(losses["likelihood"] + recipe.weight_distance * losses["distance"])
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        seen += recipe.batch
        update_average(average, model, average_decay(recipe.batch, recipe.average_images, seen))
        state.save_if_due(seen)
        progress(Step(index=seen, total=recipe.images, losses=measured(losses, seen), preview=crops.clone))
    state.save(seen)
    return average


def examples(
    plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Landmarking, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Degraded crops ``[N, 3, 96, 96]`` in [-1, 1] and the points ``[N, 68, 2]`` in them, 0 and 1 being the edges."""
    it = draw_portraits(plain, painted, held_out, recipe.batch, recipe.painted, plain.images.shape[-1], rng)
    it = occlude(recolour(it, rng, chance=recipe.recoloured), rng, hats=recipe.hats, hands=recipe.hands)
    it = replace_background(it, rng, chance=recipe.clutter)
    crops, points = [], []
    for image, found in zip(it.images, it.landmarks.double().numpy(), strict=True):
        to_photo = frame(disturbed(found, recipe, rng))
        crop = warp(image[None], to_photo, INPUT)
        inside = (apply(inverse(to_photo), found) + 0.5) / INPUT
        if float(torch.rand((), generator=rng)) < 0.5:
            crop, inside = crop.flip(-1), np.stack([1 - inside[:, 0], inside[:, 1]], axis=1)[list(MIRROR)]
        crops.append(crop)
        points.append(torch.from_numpy(inside).float())
    return torch.cat([degrade(part, rng) for part in torch.cat(crops).split(4)]), torch.stack(points)


def disturbed(landmarks: Array, recipe: Landmarking, rng: torch.Generator) -> Array:
    """The landmarks turned, scaled and moved as a detector's box may be."""
    draw = torch.randn(4, generator=rng).double().numpy()
    middle, size = landmarks.mean(axis=0), float(np.ptp(landmarks, axis=0).max())
    angle = np.radians(recipe.turn * draw[0])
    turn = np.exp(recipe.scale * draw[1]) * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((landmarks - middle) @ turn.T + middle + recipe.shift * size * draw[2:])
