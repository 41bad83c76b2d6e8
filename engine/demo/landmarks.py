"""Training of the small landmark network: from a crop around a face to its 68 points."""

import numpy as np
import torch
from torch import Tensor

from ..faces.landmark_net import INPUT, LandmarkNet
from ..faces.landmarks import frame
from ..faces.shape import MIRROR, Array
from ..faces.warp import apply, inverse, warp
from ..progress import Progress
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import degrade
from ..training.task import Draw, Losses, Moment
from .examples import ExampleTask
from .occluded import draw_portraits, occlude, recolour, replace_background
from .recipe import Landmarking
from .run import Run

__all__ = ["LandmarkTask", "learn_landmarks"]

FLOOR = 0.01  # of the spread, in crops: below it the likelihood would reward certainty alone


class LandmarkTask(ExampleTask[LandmarkNet]):
    """Degraded crops of portraits, plain and in painted styles, some with hats and hands, and their points."""

    def __init__(self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Landmarking) -> None:
        super().__init__(LandmarkNet(), name="landmarks", images=recipe.images, lr=recipe.lr)
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe

    def examples(self, rng: torch.Generator, count: int) -> Draw:
        crops, points = examples(self.plain, self.painted, self.held_out, self.recipe, count, rng)
        return {"images": crops, "points": points}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """The likelihood of the points, and their distance in crops."""
        points, spread = self.network(draw["images"].to(moment.device))
        spread = spread.clamp_min(FLOOR)
        square = (points - draw["points"].to(moment.device)).square().sum(dim=-1)  # [N, 68], in crops
        likelihood = (square / spread.square() + 2 * spread.log()).mean()
        return {"likelihood": likelihood, "distance": self.recipe.weight_distance * square.sqrt().mean()}


def learn_landmarks(
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Landmarking,
    progress: Progress,
) -> LandmarkNet:
    """Train the landmark network.

    Returns:
        the moving average of the network.
    """
    torch.manual_seed(4)
    task = LandmarkTask(plain, painted, run.held_out, recipe)
    return task.learn(run, batch=recipe.batch, seed=4, average_images=recipe.average_images, progress=progress)


def examples(
    plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Landmarking, count: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Degraded crops ``[N, 3, 96, 96]`` in [-1, 1] and the points ``[N, 68, 2]`` in them, 0 and 1 being the edges."""
    it = draw_portraits(plain, painted, held_out, count, recipe.painted, plain.images.shape[-1], rng)
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
