"""Training of the classifier that evaluates the bundle: the painter's labels and attributes, in every style."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..metrics.classifier import LABELS, PortraitClassifier, labels_of
from ..progress import Progress
from ..synthetic.attributes import attributes, scores
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import PortraitDataset, code
from ..synthetic.parameters import parameters
from ..synthetic.styles import STYLES
from ..training.degradation import degrade, jitter_geometry
from ..training.task import Draw, Losses, Moment
from .examples import ExampleTask
from .occluded import draw_portraits, replace_background
from .recipe import Classifying
from .run import Run

__all__ = ["ClassifierTask", "accuracy", "learn_classifier", "standardized"]

CHUNK = 4  # images that are degraded alike
SAMPLES = 20_000  # random portraits, for the mean and the standard deviation of attributes


class ClassifierTask(ExampleTask[PortraitClassifier]):
    """Portraits, some of them degraded, and what is known of them."""

    def __init__(self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Classifying) -> None:
        super().__init__(PortraitClassifier(), name="classifier", images=recipe.images, lr=recipe.lr)
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe

    def examples(self, rng: torch.Generator, count: int) -> Draw:
        """Images, labels, styles and attributes."""
        recipe = self.recipe
        it = draw_portraits(self.plain, self.painted, self.held_out, count, recipe.painted, recipe.side, rng)
        images = replace_background(it, rng, chance=recipe.clutter).images
        images, _ = jitter_geometry(images, rng, turn=recipe.turn, scale=recipe.scale, shift=recipe.shift)
        worn = torch.cat([degrade(part, rng) for part in images.split(CHUNK)])
        images = torch.where(torch.rand(count, 1, 1, 1, generator=rng) < recipe.degraded, worn, images)
        z = torch.stack([code(int(index), self.plain.seed) for index in it.index])
        labels = labels_of(attributes(parameters(z)))
        styles = torch.where(it.styled, it.index % len(STYLES), len(STYLES))
        return {"images": images, "labels": labels, "styles": styles, "attributes": standardized(z)}

    def losses(self, batch: Draw, moment: Moment) -> Losses:
        """Cross entropies of labels and styles, and how far the readings are off; the share of right answers is only logged."""
        images, labels, styles, known = (batch[name].to(moment.device) for name in ("images", "labels", "styles", "attributes"))
        with moment.autocast():
            found = self.network(images)
        return {
            "labels": F.binary_cross_entropy_with_logits(found.labels, labels),
            "styles": self.recipe.weight_styles * F.cross_entropy(found.styles, styles),
            "readings": F.smooth_l1_loss(found.readings, known),
            "_labels right": ((found.labels > 0) == (labels > 0.5)).float().mean(),
            "_styles right": (found.styles.argmax(dim=1) == styles).float().mean(),
        }


def learn_classifier(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, *, recipe: Classifying, progress: Progress
) -> PortraitClassifier:
    """Train the classifier.

    Returns:
        the moving average of the network.
    """
    torch.manual_seed(11)
    task = ClassifierTask(plain, painted, run.held_out, recipe)
    return task.learn(run, batch=recipe.batch, seed=11, average_images=recipe.average_images, progress=progress)


@torch.no_grad()
def accuracy(
    network: PortraitClassifier, plain: PortraitDataset, painted: PortraitDataset, held_out: int, side: int
) -> tuple[dict[str, float], float]:
    """Share of right answers for each label, and for the painted style, on clean held-out portraits."""
    right, styles = torch.zeros(len(LABELS)), []
    seen = 0
    for dataset in (plain, painted):
        indices = dataset.ready()[dataset.ready() < held_out]
        if not len(indices):
            continue
        z, images, _ = dataset.batch(indices)
        found = network(F.interpolate(images, size=(side, side), mode="bilinear", antialias=True))
        right += ((found.labels > 0).float() == labels_of(attributes(parameters(z)))).float().sum(dim=0)
        seen += len(indices)
        wanted = (
            torch.from_numpy(indices) % len(STYLES) if dataset.kind == "styled" else torch.full((len(indices),), len(STYLES))
        )
        styles.append(found.styles.argmax(dim=1) == wanted)
    return dict(zip(LABELS, (right / max(1, seen)).tolist(), strict=True)), torch.cat(styles).float().mean().item()


def standardized(z: Tensor) -> Tensor:
    """The scores ``[N, K]`` of the portraits of z ``[N, D]``, in standard deviations around the mean of random portraits."""
    mean, spread = _moments()
    return (scores(parameters(z)) - mean) / spread


@lru_cache(maxsize=1)
def _moments() -> tuple[Tensor, Tensor]:
    known = scores(parameters(torch.randn(SAMPLES, len(COORDINATES), generator=torch.Generator().manual_seed(0))))
    return known.mean(dim=0), known.std(dim=0)
