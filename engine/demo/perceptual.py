"""Training of the perceptual network: attributes, style, and which of two distorted images is closer to the original.

The labels come for free: the painter knows its attributes, and the distortions know their strength.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..losses.perceptual_net import PerceptualNet
from ..progress import Progress
from ..synthetic.attributes import HAIR, attributes
from ..synthetic.dataset import PortraitDataset, code
from ..synthetic.parameters import parameters
from ..synthetic.styles import STYLES
from ..training.degradation import Rng, degrade
from ..training.distortions import nearer_and_farther
from ..training.task import Draw, Losses, Moment
from .examples import ExampleTask
from .occluded import PortraitBatch, draw_portraits, replace_background
from .recipe import Perceiving
from .run import Run

__all__ = ["PerceptualTask", "learn_perceptual"]

YES_OR_NO = ("masculine", "glasses", "beard", "smiling")
CELLS = 4  # side of the grid of cells that landmarks are read from
CHUNK = 4  # images that are degraded alike
SHARPNESS = 6.0  # of the answer which image is nearer, at first


@dataclass(frozen=True)
class Answers:
    """The labels of N portraits.

    Attributes:
        landmarks: ``[N, 136]`` in sides of the image.
        traits: float ``[N, 4]``: `YES_OR_NO`.
        age: ``[N]`` in centuries.
        hair: int64 ``[N]``, of `HAIR`.
        style: int64 ``[N]``: of the painted styles by name, the last one being none.
    """

    landmarks: Tensor
    traits: Tensor
    age: Tensor
    hair: Tensor
    style: Tensor


class Examined(nn.Module):
    """The network with a head for every task."""

    def __init__(self) -> None:
        super().__init__()
        self.network = PerceptualNet()
        width = sum(self.network.config.widths[-2:])
        self.place = nn.Linear(self.network.config.widths[-1] * CELLS**2, 136)
        self.traits, self.age = nn.Linear(width, len(YES_OR_NO)), nn.Linear(width, 1)
        self.hair, self.style = nn.Linear(width, len(HAIR)), nn.Linear(width, len(STYLES) + 1)
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))

    def losses(self, images: Tensor, true: Answers) -> dict[str, Tensor]:
        """Of the questions about what is shown."""
        found = self.network.activations(images)
        pooled = torch.cat([part.mean(dim=(2, 3)) for part in found[-2:]], dim=1)
        points = self.place(F.adaptive_avg_pool2d(found[-1], CELLS).flatten(1))
        return {
            "landmarks": 10 * (points - true.landmarks).abs().mean(),
            "traits": F.binary_cross_entropy_with_logits(self.traits(pooled), true.traits),
            "age": 10 * (self.age(pooled)[:, 0] - true.age).square().mean(),
            "hair": F.cross_entropy(self.hair(pooled), true.hair),
            "style": F.cross_entropy(self.style(pooled), true.style),
        }

    def nearer(self, images: Tensor, near: Tensor, far: Tensor) -> Tensor:
        """Logits ``[N]`` that `near` is nearer; free of the distances' scale."""
        blocks = [block.chunk(3) for block in self.network.embed(torch.cat([images, near, far]))]
        original, first, second = ([block[which] for block in blocks] for which in range(3))
        a, b = self.network.compare(original, first), self.network.compare(original, second)
        return self.sharpness * (b - a) / (a + b + 1e-4)


class PerceptualTask(ExampleTask[Examined]):
    """Portraits in every style, degraded; what they show, and two distorted versions of each."""

    def __init__(self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Perceiving) -> None:
        super().__init__(Examined(), name="perceptual", images=recipe.images, lr=recipe.lr)
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe

    def examples(self, rng: Rng, count: int) -> Draw:
        recipe = self.recipe
        it = draw_portraits(self.plain, self.painted, self.held_out, count, recipe.painted, recipe.side, rng)
        images = pictures(it, rng)
        near, far = nearer_and_farther(images, rng)
        return {"images": images, "near": near.clamp(-1, 1), "far": far.clamp(-1, 1), **vars(answers(it, self.plain.seed))}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Of every question; the share of right choices between two distortions is only logged."""
        moved = {name: value.to(moment.device) for name, value in draw.items()}
        images, near, far = (moved.pop(name) for name in ("images", "near", "far"))
        logits = self.network.nearer(images, near, far)
        return {
            **self.network.losses(images, Answers(**moved)),
            "nearer": self.recipe.weight_nearer * F.softplus(-logits).mean(),
            "_right": (logits > 0).float().mean(),
        }


def learn_perceptual(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, *, recipe: Perceiving, progress: Progress
) -> PerceptualNet:
    """Train the perceptual network.

    Returns:
        the moving average of the network.
    """
    torch.manual_seed(9)
    task = PerceptualTask(plain, painted, run.held_out, recipe)
    return task.learn(run, batch=recipe.batch, seed=9, average_images=recipe.average_images, progress=progress).network


def answers(it: PortraitBatch, seed: int) -> Answers:
    """The labels of portraits that were painted from the codes of `seed`."""
    known = attributes(parameters(torch.stack([code(int(index), seed) for index in it.index])))
    style = it.index % len(STYLES)
    return Answers(
        landmarks=((it.landmarks + 0.5) / it.images.shape[-1]).flatten(1),
        traits=torch.stack([getattr(known, name) for name in YES_OR_NO], dim=1).float(),
        age=known.age / 100,
        hair=torch.tensor([HAIR.index(kind) for kind in known.hair]),
        style=torch.where(it.styled, style, len(STYLES)),
    )


def pictures(it: PortraitBatch, rng: Rng) -> Tensor:
    """The portraits, half of them degraded: what is clean should be seen as it is."""
    images = replace_background(it, rng, chance=0.5).images
    worn = torch.cat([degrade(part, rng) for part in images.split(CHUNK)])
    return torch.where(torch.rand(len(images), 1, 1, 1, generator=rng) < 0.5, worn, images)
